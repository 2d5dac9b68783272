#include "app/admin/time_text.hpp"

#include "app/config/diagnostics.hpp"
#include "app/config/values.hpp"

#include <charconv>
#include <ctime>
#include <fmt/format.h>
#include <optional>

namespace weir::app {

namespace {

// What can be held in unix_ns, to the day.
constexpr int last_year = 2553;

bool take(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted)
    return false;
  text.remove_prefix(1);
  return true;
}

bool take_number(std::string_view& text, std::size_t digits, int& number) {
  if (text.size() < digits)
    return false;
  const auto* end = text.data() + digits;
  const auto read = std::from_chars(text.data(), end, number);
  if (read.ptr != end || read.ec != std::errc() || text.front() == '-')
    return false;
  text.remove_prefix(digits);
  return true;
}

// ".5" as nanoseconds; further digits are left out.
bool take_fraction(std::string_view& text, unix_ns& fraction) {
  if (!take(text, '.'))
    return true;
  unix_ns unit = second_ns;
  const auto before = text.size();
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1)) {
    unit /= 10;
    fraction += unit * static_cast<unix_ns>(text.front() - '0');
  }
  return text.size() != before;
}

struct moment_parts {
  std::tm calendar{};
  unix_ns fraction = 0;
  std::optional<int> offset; ///< Minutes east of UTC; nothing: local time.
};

bool take_clock(std::string_view& text, moment_parts& parts) {
  auto& c = parts.calendar;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' '))
    return false;
  if (!take_number(text, 2, c.tm_hour) || !take(text, ':') || !take_number(text, 2, c.tm_min))
    return false;
  if (take(text, ':') && (!take_number(text, 2, c.tm_sec) || !take_fraction(text, parts.fraction)))
    return false;
  return c.tm_hour < 24 && c.tm_min < 60 && c.tm_sec <= 60;
}

bool take_zone(std::string_view& text, moment_parts& parts) {
  if (text.empty())
    return true;
  if (take(text, 'Z') || take(text, 'z')) {
    parts.offset = 0;
    return true;
  }
  const int sign = take(text, '-') ? -1 : take(text, '+') ? 1 : 0;
  int hours = 0;
  int minutes = 0;
  if (sign == 0 || !take_number(text, 2, hours) || !take(text, ':')
      || !take_number(text, 2, minutes) || hours > 23 || minutes > 59)
    return false;
  parts.offset = sign * (hours * 60 + minutes);
  return true;
}

// Nothing: it is none, or no such day.
std::optional<unix_ns> in_calendar(std::string_view text) {
  moment_parts parts;
  auto& c = parts.calendar;
  if (!take_number(text, 4, c.tm_year) || !take(text, '-') || !take_number(text, 2, c.tm_mon)
      || !take(text, '-') || !take_number(text, 2, c.tm_mday) || c.tm_year < 1970
      || c.tm_year > last_year)
    return std::nullopt;
  c.tm_year -= 1900;
  c.tm_mon -= 1;
  if ((!text.empty() && !take_clock(text, parts)) || !take_zone(text, parts) || !text.empty())
    return std::nullopt;
  const auto day = c.tm_mday;
  const auto month = c.tm_mon;
  c.tm_isdst = -1;
  const auto seconds = parts.offset ? timegm(&c) - *parts.offset * 60 : std::mktime(&c);
  if (seconds < 0 || (parts.offset && (c.tm_mday != day || c.tm_mon != month)) || month > 11
      || day < 1 || day > 31)
    return std::nullopt;
  return static_cast<unix_ns>(seconds) * second_ns + parts.fraction;
}

std::optional<unix_ns> in_seconds(std::string_view text) {
  std::uint64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc() || seconds > 18'000'000'000)
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
  unix_ns fraction = 0;
  if (!take_fraction(text, fraction) || !text.empty())
    return std::nullopt;
  return seconds * second_ns + fraction;
}

} // namespace

result<unix_ns> parse_time(std::string_view text, unix_ns now, unix_ns origin) {
  const auto given = text;
  if (text == "now")
    return now;
  if (const bool before = take(text, '-'); before || take(text, '+')) {
    std::chrono::nanoseconds span{};
    if (parse_duration(text, span) && span.count() >= 0) {
      const auto ns = static_cast<unix_ns>(span.count());
      return before ? origin - std::min(origin, ns) : origin + ns;
    }
  } else if (const auto found = in_calendar(text)) {
    return *found;
  } else if (const auto seconds = in_seconds(text); seconds && text.find('-') == text.npos) {
    return *seconds;
  }
  return fail(errc::invalid_argument,
              fmt::format("{} is no time; expected one like 2026-11-20T10:00 (local time), "
                          "2026-11-20T10:00:00Z, -2h, +30m, now, or seconds since 1970",
                          quoted(given)));
}

std::string time_text(unix_ns time) {
  const auto seconds = static_cast<std::time_t>(time / second_ns);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string made = text;
  if (const auto fraction = time % second_ns; fraction != 0) {
    made += fmt::format(".{:09}", fraction);
    made.erase(made.find_last_not_of('0') + 1);
  }
  return made + 'Z';
}

} // namespace weir::app
