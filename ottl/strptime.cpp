#include "ottl/strptime.hpp"

#include "ottl/time_format.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace weir::ottl {

namespace {

constexpr std::string_view fractions = "Lfs";
constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> weekdays{"Monday", "Tuesday",  "Wednesday", "Thursday",
                                                   "Friday", "Saturday", "Sunday"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return (x | 0x20) == (y | 0x20); });
}

class time_reader {
public:
  time_reader(std::string_view text, std::string_view format) : rest_(text), format_(format) {}

  bool read() {
    while (!format_.empty()) {
      const char c = format_[0];
      format_.remove_prefix(1);
      bool good = false;
      if (c == '%' && !format_.empty())
        good = directive();
      else if ((c == '.' || c == ',') && fraction_follows())
        good = fraction();
      else if (c == ' ')
        good = spaces();
      else
        good = literal(c);
      if (!good)
        return false;
    }
    return rest_.empty();
  }

  std::optional<std::int64_t> result(unix_ns now) const {
    using namespace std::chrono;
    constexpr int leap_year = 4;
    const auto year_of_day = year_ == 0 ? leap_year : static_cast<int>(year_);
    if (!(year{year_of_day} / month{static_cast<unsigned>(month_)} / static_cast<int>(day_)).ok())
      return std::nullopt;
    if (year_ != 0)
      return in(static_cast<int>(year_));
    const sys_days today{floor<days>(sys_seconds{seconds{now / 1'000'000'000}})};
    const auto this_year = static_cast<int>(year_month_day{today}.year());
    constexpr unix_ns week = 7ULL * 86'400 * 1'000'000'000;
    const auto made = in(this_year);
    return made && *made > static_cast<std::int64_t>(now + week) ? in(this_year - 1) : made;
  }

private:
  std::optional<std::int64_t> in(int of_year) const {
    using namespace std::chrono;
    const sys_days first{year{of_year} / month{static_cast<unsigned>(month_)} / 1};
    const auto day = first.time_since_epoch().count() + day_ - 1;
    auto hour = hour_;
    if (half_ == half::afternoon && hour < 12)
      hour += 12;
    else if (half_ == half::morning && hour == 12)
      hour = 0;
    const auto whole = day * std::int64_t{86'400} + hour * 3600 + minute_ * 60 + second_ - offset_;
    constexpr std::int64_t most = 9'223'372'035;
    if (whole > most || whole < -most)
      return std::nullopt;
    return whole * 1'000'000'000 + nanoseconds_;
  }

  bool fraction_follows() const {
    return format_.size() > 1 && format_[0] == '%' && fractions.find(format_[1]) != fractions.npos;
  }

  bool literal(char c) {
    if (rest_.empty() || rest_[0] != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  static void cut_spaces(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  }

  bool spaces() {
    if (!rest_.empty() && rest_[0] != ' ')
      return false;
    cut_spaces(format_);
    cut_spaces(rest_);
    return true;
  }

  void skip_white_space() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\f\r"), rest_.size()));
  }

  bool number(std::size_t least, std::size_t most, std::int64_t& out) {
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; digits < most && digits < rest_.size() && is_digit(rest_[digits]); ++digits)
      value = value * 10 + (rest_[digits] - '0');
    if (digits < least)
      return false;
    rest_.remove_prefix(digits);
    out = value;
    return true;
  }

  bool number_in(std::int64_t min, std::int64_t max, std::int64_t& out) {
    skip_white_space();
    return number(1, 2, out) && out >= min && out <= max;
  }

  bool directive() {
    const char d = format_[0];
    format_.remove_prefix(1);
    switch (d) {
    case 'Y':
    case 'y':
    case 'C':
      return year_number(d);
    case 'm':
    case 'o':
    case 'q':
      return number_in(1, 12, month_);
    case 'd':
    case 'e':
    case 'g':
      return number_in(1, 31, day_);
    case 'H':
      return number_in(0, 23, hour_);
    case 'I':
    case 'l':
      return number_in(0, 12, hour_);
    case 'M':
      return number_in(0, 59, minute_);
    case 'S':
      return number_in(0, 59, second_) && fraction_without_directive();
    case 'p':
      return half_of_day("AM", "PM");
    case 'P':
      return half_of_day("am", "pm");
    case 'b':
    case 'h':
    case 'B':
      return name(months, d == 'B', month_);
    case 'a':
    case 'A':
      return name(weekdays, d == 'A', weekday_);
    case '%':
      return literal('%');
    default:
      return zone(d);
    }
  }

  bool year_number(char d) {
    skip_white_space();
    if (d != 'y' && number(4, 4, year_))
      return true;
    if (d == 'Y' || !number(2, 2, year_))
      return false;
    year_ += year_ >= 69 ? 1900 : 2000;
    return true;
  }

  /// Digits behind a point or comma, any number of them; or nothing.
  bool fraction() {
    while (fraction_follows())
      format_.remove_prefix(2);
    return read_fraction();
  }

  /// Seconds may have a fraction that the format does not speak of.
  bool fraction_without_directive() {
    const auto next = format_.find('%');
    const bool spoken_of = next != format_.npos && next + 1 < format_.size()
                           && fractions.find(format_[next + 1]) != fractions.npos;
    return spoken_of || read_fraction();
  }

  bool read_fraction() {
    if (rest_.size() < 2 || (rest_[0] != '.' && rest_[0] != ',') || !is_digit(rest_[1]))
      return true;
    rest_.remove_prefix(1);
    nanoseconds_ = 0;
    std::int64_t unit = 100'000'000;
    for (; !rest_.empty() && is_digit(rest_[0]); rest_.remove_prefix(1), unit /= 10)
      nanoseconds_ += unit * (rest_[0] - '0');
    return true;
  }

  bool half_of_day(std::string_view morning, std::string_view afternoon) {
    half_ = rest_.starts_with(afternoon) ? half::afternoon : half::morning;
    if (half_ == half::morning && !rest_.starts_with(morning))
      return false;
    rest_.remove_prefix(2);
    return true;
  }

  template <class Names>
  bool name(const Names& names, bool whole, std::int64_t& number) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto known = whole ? names[i] : names[i].substr(0, 3);
      if (!equal_ignoring_case(rest_.substr(0, known.size()), known))
        continue;
      rest_.remove_prefix(known.size());
      number = static_cast<std::int64_t>(i) + 1;
      return true;
    }
    return false;
  }

  bool zone(char d) {
    if (d == 'Z') {
      const bool known = rest_.starts_with("UTC") || rest_.starts_with("GMT");
      rest_.remove_prefix(known ? 3 : 0);
      return known;
    }
    if (d == 'z') {
      skip_white_space();
      if (literal('Z'))
        return true;
    }
    const bool west = rest_.starts_with('-');
    if (!west && !literal('+'))
      return false;
    rest_.remove_prefix(west ? 1 : 0);
    return offset_digits(d, west ? -1 : 1);
  }

  /// +hh (%i), +hh:mm (%j), +hh:mm:ss (%k), +hhmmss (%w); %z: +hh, +hhmm or +hh:mm.
  bool offset_digits(char d, std::int64_t sign) {
    std::int64_t hours = 0;
    std::int64_t minutes = 0;
    std::int64_t seconds = 0;
    const bool has_colons =
        d == 'j' || d == 'k' || (d == 'z' && rest_.size() > 2 && rest_[2] == ':');
    const auto part = [&](std::int64_t& out) {
      return (!has_colons || literal(':')) && number(2, 2, out) && out <= 60;
    };
    if (!number(2, 2, hours) || hours > 24)
      return false;
    const bool has_minutes =
        d == 'z' ? !rest_.empty() && (has_colons || is_digit(rest_[0])) : d != 'i';
    if ((has_minutes && !part(minutes)) || ((d == 'k' || d == 'w') && !part(seconds)))
      return false;
    offset_ = sign * (hours * 3600 + minutes * 60 + seconds);
    return true;
  }

  enum class half : std::uint8_t { none, morning, afternoon };

  std::string_view rest_;
  std::string_view format_;
  std::int64_t year_ = 0;
  std::int64_t month_ = 1;
  std::int64_t day_ = 1;
  std::int64_t weekday_ = 0;
  std::int64_t hour_ = 0;
  std::int64_t minute_ = 0;
  std::int64_t second_ = 0;
  std::int64_t nanoseconds_ = 0;
  std::int64_t offset_ = 0;
  half half_ = half::none;
};

} // namespace

std::optional<std::int64_t> parse_time(std::string_view text, std::string_view format,
                                       unix_ns now) {
  const auto parts = expanded_time_format(format);
  time_reader reader(text, parts);
  if (text.empty() || !reader.read())
    return std::nullopt;
  return reader.result(now);
}

} // namespace weir::ottl
