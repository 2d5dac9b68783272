#include "ottl/go_format.hpp"

#include "core/utf8.hpp"
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

namespace weir::ottl {

namespace {

constexpr std::string_view verbs = "vdboxXcsteEfFgG%";
constexpr int none = -1;

/// `%-08.3f`
struct directive {
  bool plus = false;
  bool minus = false;
  bool zero = false;
  bool space = false;
  int width = none;
  int precision = none;
  char verb = 0;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Up to three digits.
int read_number(std::string_view text, std::size_t& position) {
  int number = 0;
  for (int digits = 0; position < text.size() && is_digit(text[position]) && digits < 3; ++digits)
    number = number * 10 + (text[position++] - '0');
  return number;
}

/// Reads what stands behind a `%`, and moves `position` behind it. `verb` 0: it is none that is known.
directive read_directive(std::string_view text, std::size_t& position) {
  directive d;
  for (; position < text.size(); ++position) {
    bool* flag = text[position] == '+'   ? &d.plus
                 : text[position] == '-' ? &d.minus
                 : text[position] == '0' ? &d.zero
                 : text[position] == ' ' ? &d.space
                                         : nullptr;
    if (flag == nullptr)
      break;
    *flag = true;
  }
  if (position < text.size() && is_digit(text[position]))
    d.width = read_number(text, position);
  if (position < text.size() && text[position] == '.')
    d.precision = read_number(text, ++position);
  if (position < text.size() && verbs.find(text[position]) != std::string_view::npos)
    d.verb = text[position++];
  return d;
}

std::size_t runes_in(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !continues_utf8(c); }));
}

std::string_view first_runes(std::string_view text, int count) {
  std::size_t end = 0;
  for (; end < text.size() && (count > 0 || continues_utf8(text[end])); ++end)
    count -= continues_utf8(text[end]) ? 0 : 1;
  return text.substr(0, end);
}

void append_padded(std::string& out, std::string_view text, const directive& d, bool zeros) {
  const auto has = static_cast<int>(runes_in(text));
  const auto fill = static_cast<std::size_t>(std::max(0, d.width - has));
  if (!d.minus)
    out.append(fill, zeros ? '0' : ' ');
  out += text;
  if (d.minus)
    out.append(fill, ' ');
}

std::string_view sign_of(bool negative, const directive& d) {
  return negative ? "-" : d.plus ? "+" : d.space ? " " : "";
}

// -- numbers --

std::string digits_of(std::uint64_t number, char verb) {
  switch (verb) {
  case 'b':
    return fmt::format("{:b}", number);
  case 'o':
    return fmt::format("{:o}", number);
  case 'x':
    return fmt::format("{:x}", number);
  case 'X':
    return fmt::format("{:X}", number);
  default:
    return std::to_string(number);
  }
}

void append_integer(std::string& out, std::int64_t number, const directive& d) {
  const bool negative = number < 0;
  const auto size =
      negative ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
  const auto sign = sign_of(negative, d);
  auto digits = digits_of(size, d.verb);
  if (d.precision == 0 && number == 0)
    return append_padded(out, "", d, false);
  auto least = std::max(0, d.precision);
  if (d.precision == none && d.zero && !d.minus)
    least = d.width - static_cast<int>(sign.size());
  const auto fill = std::max(0, least - static_cast<int>(digits.size()));
  digits.insert(0, static_cast<std::size_t>(fill), '0');
  append_padded(out, std::string(sign) + digits, d, false);
}

/// As few digits as tell it from all others.
std::string shortest(double number, bool upper) {
  std::array<char, 400> buffer;
  const auto write = [&](std::chars_format as) {
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, as).ptr;
    return std::string(buffer.data(), end);
  };
  auto text = write(std::chars_format::scientific);
  const auto exponent = std::atoi(text.c_str() + text.find('e') + 1);
  if (exponent >= -4 && exponent < 6)
    return write(std::chars_format::fixed);
  if (upper)
    std::replace(text.begin(), text.end(), 'e', 'E');
  return text;
}

std::string printed(double number, const directive& d) {
  if ((d.verb == 'v' || d.verb == 'g' || d.verb == 'G') && d.precision == none)
    return shortest(number, d.verb == 'G');
  const char form[] = {'%', '.', '*', d.verb == 'v' ? 'g' : d.verb, '\0'};
  std::array<char, 1400> buffer; // 309 digits before the point, 999 behind it
  const auto size = std::snprintf(buffer.data(), buffer.size(), form,
                                  d.precision == none ? 6 : d.precision, number);
  return {buffer.data(), static_cast<std::size_t>(std::max(0, size))};
}

void append_real(std::string& out, double number, const directive& d) {
  const bool finite = std::isfinite(number);
  const auto sign = sign_of(std::signbit(number) && !std::isnan(number), d);
  if (!finite) {
    const auto text = std::isnan(number) ? std::string(sign) + "NaN"
                      : number < 0       ? "-Inf"
                                         : std::string(d.space && !d.plus ? " " : "+") + "Inf";
    return append_padded(out, text, d, false);
  }
  const auto digits = printed(std::abs(number), d);
  const auto missing = d.width - static_cast<int>(sign.size() + digits.size());
  if (d.zero && !d.minus && missing > 0) {
    out += sign;
    out.append(static_cast<std::size_t>(missing), '0');
    out += digits;
    return;
  }
  append_padded(out, std::string(sign) + digits, d, false);
}

// -- everything --

std::string_view go_type(const value& v) {
  switch (v.type) {
  case value_type::boolean:
    return "bool";
  case value_type::integer:
    return "int64";
  case value_type::real:
    return "float64";
  default:
    return "string";
  }
}

bool is_formattable(const value& v) {
  return v.is_nil() || v.is(value_type::boolean) || v.is(value_type::integer)
         || v.is(value_type::real) || v.is(value_type::string);
}

bool fits(const value& v, char verb) {
  const auto among = [verb](std::string_view known) {
    return known.find(verb) != std::string_view::npos;
  };
  switch (v.type) {
  case value_type::boolean:
    return among("vt");
  case value_type::integer:
    return among("vdboxXc");
  case value_type::real:
    return among("veEfFgG");
  case value_type::string:
    return among("vsxX");
  default:
    return verb == 'v';
  }
}

void append_rune(std::string& out, std::int64_t number, const directive& d) {
  const bool good = number >= 0 && number <= 0x10ffff && (number < 0xd800 || number > 0xdfff);
  const auto rune = static_cast<std::uint32_t>(good ? number : 0xfffd);
  std::string text;
  append_utf8(text, rune);
  append_padded(out, text, d, d.zero);
}

void append_text(std::string& out, std::string_view text, const directive& d) {
  if (d.verb != 'x' && d.verb != 'X') {
    const auto cut = d.precision == none ? text : first_runes(text, d.precision);
    return append_padded(out, cut, d, d.zero);
  }
  std::string hex;
  if (d.precision != none)
    text = text.substr(0, static_cast<std::size_t>(d.precision));
  for (const unsigned char c : text) {
    if (d.space && !hex.empty())
      hex.push_back(' ');
    hex += fmt::format(fmt::runtime(d.verb == 'x' ? "{:02x}" : "{:02X}"), c);
  }
  append_padded(out, hex, d, d.zero);
}

void append_fitting(std::string& out, const value& v, const directive& d) {
  switch (v.type) {
  case value_type::boolean:
    return append_padded(out, v.boolean ? "true" : "false", d, d.zero);
  case value_type::integer:
    return d.verb == 'c' ? append_rune(out, v.integer, d) : append_integer(out, v.integer, d);
  case value_type::real:
    return append_real(out, v.real, d);
  case value_type::string:
    return append_text(out, v.bytes, d);
  default:
    return append_padded(out, "<nil>", d, d.zero);
  }
}

void append_typed(std::string& out, const value& v, directive d) {
  d.verb = 'v';
  if (!v.is_nil())
    out.append(go_type(v)).push_back('=');
  append_fitting(out, v, d);
}

void append_value(std::string& out, const value& v, const directive& d) {
  if (fits(v, d.verb))
    return append_fitting(out, v, d);
  out += {'%', '!', d.verb, '('};
  append_typed(out, v, d);
  out.push_back(')');
}

void append_extra(std::string& out, const std::vector<value>& values, std::size_t begin) {
  out += "%!(EXTRA ";
  for (auto i = begin; i < values.size(); ++i) {
    if (i > begin)
      out += ", ";
    append_typed(out, values[i], {});
  }
  out.push_back(')');
}

} // namespace

std::string check_go_format(std::string_view format) {
  for (auto found = format.find('%'); found != std::string_view::npos;
       found = format.find('%', found)) {
    const auto begin = found++;
    if (read_directive(format, found).verb == 0)
      return fmt::format("found the unknown directive `{}` in a format",
                         format.substr(begin, found + 1 - begin));
  }
  return "";
}

bool go_format(std::string_view format, const std::vector<value>& values, std::string& out) {
  if (!std::all_of(values.begin(), values.end(), is_formattable))
    return false;
  std::size_t used = 0;
  for (std::size_t position = 0; position < format.size();) {
    const auto next = std::min(format.find('%', position), format.size());
    out += format.substr(position, next - position);
    position = next + 1;
    if (next == format.size())
      break;
    const auto d = read_directive(format, position);
    if (d.verb == '%')
      out.push_back('%');
    else if (used == values.size())
      out.append("%!").append(1, d.verb).append("(MISSING)");
    else
      append_value(out, values[used++], d);
    if (out.size() > scratch_arena::max_bytes)
      return false;
  }
  if (used < values.size())
    append_extra(out, values, used);
  return out.size() <= scratch_arena::max_bytes;
}

} // namespace weir::ottl
