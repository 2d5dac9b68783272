#include "processors/ottl/strptime.hpp"

#include <array>
#include <chrono>
#include <fmt/format.h>

namespace weir::processors::ottl {

namespace {

constexpr std::string_view directives = "YmdHIMSfLpbBhejyzTDF%";
constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};

/// `%T`, `%D` and `%F` stand for several others.
std::string_view expansion(char directive) {
  switch (directive) {
  case 'T':
    return "%H:%M:%S";
  case 'D':
    return "%m/%d/%y";
  case 'F':
    return "%Y-%m-%d";
  default:
    return {};
  }
}

class time_reader {
public:
  explicit time_reader(std::string_view text) : rest_(text) {}

  bool read(std::string_view format) {
    for (std::size_t i = 0; i < format.size(); ++i) {
      if (format[i] == '%' && i + 1 < format.size()) {
        if (!directive(format[++i]))
          return false;
      } else if (!literal(format[i])) {
        return false;
      }
    }
    return true;
  }

  bool at_end() const { return rest_.empty(); }

  std::optional<std::int64_t> result() const {
    using namespace std::chrono;
    auto hour = hour_;
    if (twelve_)
      hour = hour_ % 12 + (afternoon_ ? 12 : 0);
    const year y{static_cast<int>(year_)};
    auto days = sys_days{y / January / 1};
    if (day_of_year_ > 0) {
      days += std::chrono::days{day_of_year_ - 1};
    } else {
      const auto date = y / month{static_cast<unsigned>(month_)} / day{static_cast<unsigned>(day_)};
      if (!date.ok())
        return std::nullopt;
      days = sys_days{date};
    }
    const auto in_seconds = days.time_since_epoch().count() * std::int64_t{86'400} + hour * 3600
                            + minute_ * 60 + second_ - offset_;
    constexpr std::int64_t most = 9'223'372'035;
    if (in_seconds > most || in_seconds < -most)
      return std::nullopt;
    return in_seconds * 1'000'000'000 + nanoseconds_;
  }

private:
  bool literal(char c) {
    if (rest_.empty() || rest_[0] != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool number(std::size_t digits, std::int64_t min, std::int64_t max, std::int64_t& out) {
    if (rest_.size() < digits)
      return false;
    std::int64_t value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9')
        return false;
      value = value * 10 + (c - '0');
    }
    if (value < min || value > max)
      return false;
    rest_.remove_prefix(digits);
    out = value;
    return true;
  }

  bool directive(char d) {
    if (const auto parts = expansion(d); !parts.empty())
      return read(parts);
    switch (d) {
    case 'Y':
      return number(4, 0, 9999, year_);
    case 'y': {
      const bool read = number(2, 0, 99, year_);
      year_ += year_ >= 69 ? 1900 : 2000;
      return read;
    }
    case 'm':
      return number(2, 1, 12, month_);
    case 'd':
      return number(2, 1, 31, day_);
    case 'e':
      if (rest_.starts_with(' '))
        rest_.remove_prefix(1);
      return number(rest_.size() > 1 && rest_[1] >= '0' && rest_[1] <= '9' ? 2 : 1, 1, 31, day_);
    case 'j':
      return number(3, 1, 366, day_of_year_);
    case 'H':
      return number(2, 0, 23, hour_);
    case 'I':
      twelve_ = true;
      return number(2, 1, 12, hour_);
    case 'M':
      return number(2, 0, 59, minute_);
    case 'S':
      return number(2, 0, 59, second_);
    case 'f':
      return fraction(1, 9);
    case 'L':
      return fraction(3, 3);
    case 'p':
      return half_of_day();
    case 'b':
    case 'h':
    case 'B':
      return month_name(d == 'B');
    case 'z':
      return zone();
    default:
      return literal('%');
    }
  }

  bool fraction(std::size_t least, std::size_t most) {
    std::int64_t value = 0;
    std::size_t digits = 0;
    for (; digits < most && !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; ++digits) {
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    for (auto i = digits; i < 9; ++i)
      value *= 10;
    nanoseconds_ = value;
    return digits >= least;
  }

  bool half_of_day() {
    const auto text = rest_.substr(0, 2);
    afternoon_ = text == "PM" || text == "pm";
    if (!afternoon_ && text != "AM" && text != "am")
      return false;
    rest_.remove_prefix(2);
    return true;
  }

  bool month_name(bool whole) {
    for (std::size_t m = 0; m < months.size(); ++m) {
      const auto name = whole ? months[m] : months[m].substr(0, 3);
      if (!rest_.starts_with(name))
        continue;
      rest_.remove_prefix(name.size());
      month_ = static_cast<std::int64_t>(m) + 1;
      return true;
    }
    return false;
  }

  bool zone() {
    if (rest_.starts_with('Z')) {
      rest_.remove_prefix(1);
      return true;
    }
    const bool west = rest_.starts_with('-');
    if (!west && !rest_.starts_with('+'))
      return false;
    rest_.remove_prefix(1);
    std::int64_t hours = 0;
    std::int64_t minutes = 0;
    if (!number(2, 0, 23, hours))
      return false;
    if (rest_.starts_with(':'))
      rest_.remove_prefix(1);
    if (!number(2, 0, 59, minutes))
      return false;
    offset_ = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
    return true;
  }

  std::string_view rest_;
  std::int64_t year_ = 1970;
  std::int64_t month_ = 1;
  std::int64_t day_ = 1;
  std::int64_t day_of_year_ = 0;
  std::int64_t hour_ = 0;
  std::int64_t minute_ = 0;
  std::int64_t second_ = 0;
  std::int64_t nanoseconds_ = 0;
  std::int64_t offset_ = 0;
  bool twelve_ = false;
  bool afternoon_ = false;
};

} // namespace

std::string check_time_format(std::string_view format) {
  if (format.empty())
    return "found an empty time format";
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%')
      continue;
    if (++i == format.size())
      return "found `%` at the end of a time format";
    if (directives.find(format[i]) == std::string_view::npos)
      return fmt::format("found the unknown directive `%{}` in a time format",
                         static_cast<unsigned char>(format[i]) < 0x80 ? format[i] : '?');
  }
  return {};
}

std::optional<std::int64_t> parse_time(std::string_view text, std::string_view format) {
  time_reader reader(text);
  if (!reader.read(format) || !reader.at_end())
    return std::nullopt;
  return reader.result();
}

} // namespace weir::processors::ottl
