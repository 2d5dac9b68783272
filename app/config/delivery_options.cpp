#include "app/config/delivery_options.hpp"

#include <charconv>
#include <ctime>
#include <fmt/format.h>

namespace weir::app {

namespace {

std::string quoted_text(const std::string& text) {
  return "`" + text + "`";
}

void check_drain(const section& map, const drain_shape& drain) {
  if (!parse_share(drain.share))
    map.error("share", fmt::format("found {}, expected a share such as `50%`, above 0% and at most "
                                   "100%",
                                   quoted_text(drain.share)));
  if (!drain.max_rate.empty() && !parse_rate(drain.max_rate))
    map.error("max_rate",
              fmt::format("found {}, expected bytes a second such as `20MB/s`, at least 1KiB/s",
                          quoted_text(drain.max_rate)));
}

const option_table<drain_shape>& drain_options() {
  using c = drain_shape;
  using backends::drain_order;
  static const option_table<c> table{
      {
          choice("order", &c::order,
                 {{"oldest_first", drain_order::oldest_first},
                  {"newest_first", drain_order::newest_first},
                  {"interleaved", drain_order::interleaved}},
                 "What has waited while the back end was away: it goes in the order in which it "
                 "came, and what comes waits behind it; or what comes goes at once, and of what "
                 "has waited the newest first, or the oldest. (Weir's own, as all of `drain`.)"),
          works("share", &c::share,
                "Of the requests in flight, for what has waited, where what comes goes at once."),
          works("max_rate", &c::max_rate,
                "Unpacked bytes a second of what has waited, such as `20MB/s`; empty: no limit."),
      },
      c{},
      &check_drain};
  return table;
}

void check_delivery(const section& map, const delivery_shape& shape) {
  const auto& start = shape.start_at;
  if (start != "end" && start != "beginning" && !parse_rfc3339(start))
    map.error("start_at", fmt::format("found {}, expected `end`, `beginning` or a time such as "
                                      "`2026-11-20T10:00:00Z`",
                                      quoted_text(start)));
}

bool take_number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits)
    return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, out);
  if (error != std::errc() || end != text.data() + digits || text.front() == '-')
    return false;
  text.remove_prefix(digits);
  return true;
}

bool take_letter(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == any_of.npos)
    return false;
  text.remove_prefix(1);
  return true;
}

// ".25" in nanoseconds.
bool take_fraction(std::string_view& text, std::uint64_t& nanoseconds) {
  if (text.empty() || text.front() != '.')
    return true;
  text.remove_prefix(1);
  std::uint64_t digit = 100'000'000;
  bool any = false;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
    nanoseconds += digit * static_cast<std::uint64_t>(text.front() - '0');
    digit /= 10;
    any = true;
  }
  return any;
}

bool take_zone(std::string_view& text, int& seconds) {
  if (take_letter(text, "Zz"))
    return true;
  const int sign = !text.empty() && text.front() == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  if (!take_letter(text, "+-") || !take_number(text, 2, hours) || !take_letter(text, ":")
      || !take_number(text, 2, minutes) || hours > 23 || minutes > 59)
    return false;
  seconds = sign * (hours * 3600 + minutes * 60);
  return true;
}

} // namespace

std::optional<double> parse_share(std::string_view text) {
  if (!text.ends_with('%'))
    return std::nullopt;
  text.remove_suffix(1);
  double percent = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), percent);
  if (error != std::errc() || end != text.data() + text.size() || !(percent > 0) || percent > 100)
    return std::nullopt;
  return percent / 100;
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  std::uint64_t bytes = 0;
  if (!text.ends_with("/s") || !parse_size(text.substr(0, text.size() - 2), bytes) || bytes < 1024)
    return std::nullopt;
  return bytes;
}

std::optional<std::uint64_t> parse_rfc3339(std::string_view text) {
  std::tm t{};
  int zone = 0;
  std::uint64_t fraction = 0;
  if (!take_number(text, 4, t.tm_year) || !take_letter(text, "-") || !take_number(text, 2, t.tm_mon)
      || !take_letter(text, "-") || !take_number(text, 2, t.tm_mday) || !take_letter(text, "Tt ")
      || !take_number(text, 2, t.tm_hour) || !take_letter(text, ":")
      || !take_number(text, 2, t.tm_min) || !take_letter(text, ":")
      || !take_number(text, 2, t.tm_sec) || !take_fraction(text, fraction) || !take_zone(text, zone)
      || !text.empty())
    return std::nullopt;
  if (t.tm_year < 1970 || t.tm_mon < 1 || t.tm_mon > 12 || t.tm_mday < 1 || t.tm_mday > 31
      || t.tm_hour > 23 || t.tm_min > 59 || t.tm_sec > 60)
    return std::nullopt;
  t.tm_year -= 1900;
  t.tm_mon -= 1;
  const auto seconds = ::timegm(&t) - zone;
  if (seconds < 0)
    return std::nullopt;
  return static_cast<std::uint64_t>(seconds) * 1'000'000'000 + fraction;
}

const option_table<delivery_shape>& delivery_options() {
  using c = delivery_shape;
  static const option_table<c> table{
      {
          block("drain", &c::drain, &drain_options),
          works("start_at", &c::start_at,
                "Where an exporter begins that is new to a log: at its `end`, with what comes; at "
                "its `beginning`, with all that is held; or with what came at a time, such as "
                "`2026-11-20T10:00:00Z`. (Weir's own.)"),
      },
      c{},
      &check_delivery};
  return table;
}

void link_delivery(const delivery_shape& shape, backends::exporter_config& made) {
  made.drain.order = shape.drain.order;
  made.drain.share = parse_share(shape.drain.share).value_or(made.drain.share);
  made.drain.max_rate = parse_rate(shape.drain.max_rate).value_or(0);
  using place = backends::start_config::place;
  if (shape.start_at == "beginning")
    made.start.where = place::beginning;
  else if (const auto time = parse_rfc3339(shape.start_at))
    made.start = {place::time, *time};
}

} // namespace weir::app
