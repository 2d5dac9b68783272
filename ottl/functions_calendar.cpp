#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

#include <array>
#include <chrono>
#include <fmt/format.h>

// Times by the calendar, in UTC.
namespace weir::ottl {

namespace {

using enum parameter_type;
using std::chrono::floor;

constexpr std::array<std::string_view, 12> months{"January",   "February", "March",    "April",
                                                  "May",       "June",     "July",     "August",
                                                  "September", "October",  "November", "December"};
constexpr std::array<std::string_view, 7> weekdays{"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                   "Thursday", "Friday", "Saturday"};

struct calendar {
  explicit calendar(std::int64_t nanoseconds) {
    using namespace std::chrono;
    const sys_time<std::chrono::nanoseconds> time{std::chrono::nanoseconds(nanoseconds)};
    const auto day = floor<days>(time);
    const year_month_day date{day};
    year_ = static_cast<int>(date.year());
    month = static_cast<unsigned>(date.month());
    this->day = static_cast<unsigned>(date.day());
    weekday = std::chrono::weekday{day}.c_encoding();
    const hh_mm_ss clock{time - day};
    hour = static_cast<unsigned>(clock.hours().count());
    minute = static_cast<unsigned>(clock.minutes().count());
    second = static_cast<unsigned>(clock.seconds().count());
    nanosecond = static_cast<unsigned>(clock.subseconds().count());
  }

  int year_ = 0;
  unsigned month = 0, day = 0, weekday = 0, hour = 0, minute = 0, second = 0, nanosecond = 0;

  int year() const noexcept { return year_; }
  unsigned half_day_hour() const noexcept { return hour % 12 == 0 ? 12 : hour % 12; }
};

template <auto Part>
bool part_of(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get_of(c.arguments[0], value_type::time, v))
    return false;
  const calendar calendar(v.integer);
  out = value::of(static_cast<std::int64_t>(calendar.*Part));
  return true;
}

/// What a directive stands for in other ones; "" = it stands for itself.
std::string_view expansion_of(char directive) noexcept {
  switch (directive) {
  case 'D':
  case 'x':
    return "%m/%d/%y";
  case 'F':
    return "%Y-%m-%d";
  case 'T':
  case 'X':
    return "%H:%M:%S";
  case 'r':
    return "%I:%M:%S %P";
  case 'R':
    return "%H:%M";
  case 'c':
    return "%a %b %d %H:%M:%S %Y";
  default:
    return {};
  }
}

/// A fraction of so many digits, as Go's layouts of nines have it: without the zeros at its end,
/// and without the point where nothing is left. False: no point or comma stands before it.
bool append_fraction(std::uint32_t nanosecond, std::size_t width, std::string& out) {
  if (out.empty() || (out.back() != '.' && out.back() != ','))
    return false;
  auto digits = fmt::format("{:09}", nanosecond).substr(0, width);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.empty())
    out.pop_back();
  out += digits;
  return true;
}

/// Appends what a directive shows; false: there is no such one.
bool append_directive(const calendar& calendar, char directive, std::string& out) {
  const auto sink = std::back_inserter(out);
  switch (directive) {
  case 'Y':
    fmt::format_to(sink, "{:04}", calendar.year());
    break;
  case 'y':
    fmt::format_to(sink, "{:02}", calendar.year() % 100);
    break;
  case 'm':
    fmt::format_to(sink, "{:02}", calendar.month);
    break;
  case 'q':
    fmt::format_to(sink, "{}", calendar.month);
    break;
  case 'b':
  case 'h':
    out += months[calendar.month - 1].substr(0, 3);
    break;
  case 'B':
    out += months[calendar.month - 1];
    break;
  case 'd':
    fmt::format_to(sink, "{:02}", calendar.day);
    break;
  case 'e':
    fmt::format_to(sink, "{:2}", calendar.day);
    break;
  case 'g':
    fmt::format_to(sink, "{}", calendar.day);
    break;
  case 'a':
    out += weekdays[calendar.weekday].substr(0, 3);
    break;
  case 'A':
    out += weekdays[calendar.weekday];
    break;
  case 'H':
    fmt::format_to(sink, "{:02}", calendar.hour);
    break;
  case 'I':
    fmt::format_to(sink, "{:02}", calendar.half_day_hour());
    break;
  case 'l':
    fmt::format_to(sink, "{}", calendar.half_day_hour());
    break;
  case 'p':
    out += calendar.hour < 12 ? "AM" : "PM";
    break;
  case 'P':
    out += calendar.hour < 12 ? "am" : "pm";
    break;
  case 'M':
    fmt::format_to(sink, "{:02}", calendar.minute);
    break;
  case 'S':
    fmt::format_to(sink, "{:02}", calendar.second);
    break;
  case 'L':
    return append_fraction(calendar.nanosecond, 3, out);
  case 'f':
    return append_fraction(calendar.nanosecond, 6, out);
  case 's':
    return append_fraction(calendar.nanosecond, 9, out);
  case 'z':
    out += "Z";
    break;
  case 'Z':
    out += "UTC";
    break;
  case 'i':
    out += "+00";
    break;
  case 'j':
    out += "+00:00";
    break;
  case 'k':
    out += "+00:00:00";
    break;
  case 'w':
    out += "+000000";
    break;
  case 'n':
    out += '\n';
    break;
  case 't':
    out += '\t';
    break;
  case '%':
    out += '%';
    break;
  default:
    return false;
  }
  return true;
}

/// Appends a time as a format says; false: a directive in it is unknown, or is not there.
bool append_time(const calendar& calendar, std::string_view format, std::string& out) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    if (++i == format.size())
      return false;
    const auto others = expansion_of(format[i]);
    if (!(others.empty() ? append_directive(calendar, format[i], out)
                         : append_time(calendar, others, out)))
      return false;
  }
  return true;
}

bool format_time(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get_of(c.arguments[0], value_type::time, v))
    return false;
  auto& text = e.in().text;
  text.clear();
  append_time(calendar(v.integer), e.node(c.arguments[1]).literal.bytes, text);
  text_builder made(e.in().memory);
  made.append(text);
  return e.finish(made, value_type::string, out);
}

std::string check_format_time(const program& code, const call_info& c) {
  const auto format = code.expressions[c.arguments[1].expression].literal.bytes;
  std::string text;
  if (append_time(calendar(0), format, text))
    return {};
  return fmt::format("found the time format `{}`, expected directives such as `%Y`, `%m`, `%d`, "
                     "`%H`, `%M`, `%S`, and `%L`, `%f`, `%s` behind a point or comma",
                     format);
}

/// Down to a multiple of a duration since the year 1, as Go counts.
bool truncate_time(evaluation& e, const call_info& c, value& out) {
  value time;
  value step;
  if (!e.get_of(c.arguments[0], value_type::time, time)
      || !e.get_of(c.arguments[1], value_type::duration, step))
    return false;
  out = time;
  if (step.integer <= 0)
    return true;
  // 62,135,596,800 seconds from there to 1970: more nanoseconds than 64 bits hold.
  constexpr std::uint64_t seconds_before = 62'135'596'800;
  constexpr std::uint64_t second = 1'000'000'000;
  const auto unit = static_cast<std::uint64_t>(step.integer);
  const auto product = [unit](std::uint64_t a, std::uint64_t b) { // a * b % unit
    std::uint64_t sum = 0;
    for (a %= unit; b != 0; b >>= 1) {
      if ((b & 1) != 0)
        sum = (sum + a) % unit;
      a = a * 2 % unit;
    }
    return sum;
  };
  const auto inside = static_cast<std::uint64_t>(
      time.integer % step.integer + (time.integer % step.integer < 0 ? step.integer : 0));
  const auto rest = (product(seconds_before, second) + inside) % unit;
  out.integer = time.integer - static_cast<std::int64_t>(rest);
  return true;
}

} // namespace

std::span<const function_info> calendar_functions() {
  constexpr auto any_value = result_type::any;
  const std::vector<parameter> parameters{{"time", parameter_type::time}};
  static const std::vector<function_info> table{
      {"FormatTime",
       any_value,
       {{"time", parameter_type::time}, {"format", text_literal}},
       &format_time,
       &check_format_time},
      {"TruncateTime",
       any_value,
       {{"time", parameter_type::time}, {"duration", parameter_type::duration}},
       &truncate_time},
      {"Year", any_value, parameters, &part_of<&calendar::year_>},
      {"Month", any_value, parameters, &part_of<&calendar::month>},
      {"Day", any_value, parameters, &part_of<&calendar::day>},
      {"Weekday", any_value, parameters, &part_of<&calendar::weekday>},
      {"Hour", any_value, parameters, &part_of<&calendar::hour>},
      {"Minute", any_value, parameters, &part_of<&calendar::minute>},
      {"Second", any_value, parameters, &part_of<&calendar::second>},
      {"Nanosecond", any_value, parameters, &part_of<&calendar::nanosecond>},
  };
  return table;
}

} // namespace weir::ottl
