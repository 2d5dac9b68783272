#include "ottl/time_format.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::ottl {

namespace {

constexpr std::string_view directives = "YymoqdegbhBaAHIlMSpPLfszZwijkDxFTXrRcnt%";
constexpr std::string_view fractions = "Lfs";

/// What a directive stands for where it stands for several others, or for a character.
std::string_view expansion(char directive) {
  switch (directive) {
  case 'T':
  case 'X':
    return "%H:%M:%S";
  case 'D':
  case 'x':
    return "%m/%d/%C";
  case 'F':
    return "%Y-%m-%d";
  case 'R':
    return "%H:%M";
  case 'r':
    return "%I:%M:%S %P";
  case 'c':
    return "%a %b %d %H:%M:%S %Y";
  case 'n':
    return "\n";
  case 't':
    return "\t";
  default:
    return {};
  }
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

} // namespace

std::string expanded_time_format(std::string_view format) {
  std::string made;
  for (std::size_t i = 0; i < format.size(); ++i) {
    const bool is_directive = format[i] == '%' && i + 1 < format.size();
    const auto parts = is_directive ? expansion(format[i + 1]) : std::string_view();
    made += parts.empty() ? format.substr(i, is_directive ? 2 : 1) : parts;
    i += is_directive ? 1 : 0;
  }
  return made;
}

std::string check_time_format(std::string_view format) {
  if (format.empty())
    return "found an empty time format";
  if (std::any_of(format.begin(), format.end(), is_digit))
    return "found a digit in a time format";
  for (std::size_t i = 0; i + 1 < format.size(); ++i) {
    if (format[i] != '%')
      continue;
    const char before = i == 0 ? '\0' : format[i - 1];
    const char d = format[++i];
    if (directives.find(d) == std::string_view::npos)
      return fmt::format("found the unknown directive `%{}` in a time format",
                         static_cast<unsigned char>(d) < 0x80 ? d : '?');
    if (fractions.find(d) != std::string_view::npos && before != '.' && before != ',')
      return fmt::format("found `%{}` in a time format, expected a point or comma before it", d);
  }
  return {};
}

bool has_year(std::string_view format) {
  const auto parts = expanded_time_format(format);
  for (std::size_t i = 0; i + 1 < parts.size(); ++i)
    if (parts[i] == '%' && std::string_view("YyC").find(parts[++i]) != std::string_view::npos)
      return true;
  return false;
}

} // namespace weir::ottl
