#include "app/config/scalar.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

namespace weir::app {

namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// Only what begins like a number may be one, and only there do underscores group digits.
bool begins_like_a_number(std::string_view text) {
  return !text.empty() && (is_digit(text[0]) || text[0] == '-' || text[0] == '+');
}

std::string without_underscores(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '_');
  return digits;
}

struct integer {
  bool negative = false;
  std::uint64_t magnitude = 0;
};

bool take_sign(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  return negative;
}

/// Takes `0x`, `0o`, `0b` or the `0` of an octal number off the front.
int take_base(std::string_view& text) {
  if (text.size() < 2 || text[0] != '0')
    return 10;
  const auto letter = std::tolower(static_cast<unsigned char>(text[1]));
  const int base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
  text.remove_prefix(base != 8 || letter == 'o' ? 2 : 1);
  return base;
}

/// What yaml.v3 takes for a whole number; one of 64 bits without a sign too.
std::optional<integer> integer_of(std::string_view written) {
  if (!begins_like_a_number(written))
    return std::nullopt;
  const auto digits = without_underscores(written);
  std::string_view text = digits;
  integer read;
  read.negative = take_sign(text);
  const auto base = take_base(text);
  const auto [stop, error] =
      std::from_chars(text.data(), text.data() + text.size(), read.magnitude, base);
  constexpr auto most_negative = std::uint64_t{1} << 63;
  if (text.empty() || error != std::errc{} || stop != text.data() + text.size()
      || (read.negative && read.magnitude > most_negative))
    return std::nullopt;
  return read;
}

std::size_t count_digits(std::string_view text) {
  return std::min(text.find_first_not_of("0123456789"), text.size());
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, yaml.v3's own pattern.
bool has_the_form_of_a_number(std::string_view text) {
  take_sign(text);
  const auto whole = count_digits(text);
  text.remove_prefix(whole);
  std::size_t part = 0;
  if (text.starts_with('.')) {
    part = count_digits(text.substr(1));
    text.remove_prefix(part + 1);
  }
  if (whole + part == 0)
    return false;
  if (text.empty())
    return true;
  if (text[0] != 'e' && text[0] != 'E')
    return false;
  text.remove_prefix(1);
  take_sign(text);
  return !text.empty() && count_digits(text) == text.size();
}

std::optional<double> special_number(std::string_view text) {
  for (const std::string_view name : {".nan", ".NaN", ".NAN"})
    if (text == name)
      return std::numeric_limits<double>::quiet_NaN();
  const bool negative = take_sign(text);
  for (const std::string_view name : {".inf", ".Inf", ".INF"})
    if (text == name)
      return negative ? -std::numeric_limits<double>::infinity()
                      : std::numeric_limits<double>::infinity();
  return std::nullopt;
}

bool is_number(std::string_view text) {
  if (special_number(text))
    return true;
  if (text.starts_with('.'))
    return has_the_form_of_a_number(text);
  return begins_like_a_number(text) && has_the_form_of_a_number(without_underscores(text));
}

} // namespace

scalar_type type_of(std::string_view plain) {
  if (plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL")
    return scalar_type::null;
  for (const std::string_view truth : {"true", "True", "TRUE", "false", "False", "FALSE"})
    if (plain == truth)
      return scalar_type::boolean;
  if (integer_of(plain))
    return scalar_type::integer;
  return is_number(plain) ? scalar_type::number : scalar_type::text;
}

bool parse_integer(std::string_view text, std::int64_t& out) {
  const auto read = integer_of(text);
  if (!read || (!read->negative && read->magnitude > std::numeric_limits<std::int64_t>::max()))
    return false;
  out = static_cast<std::int64_t>(read->negative ? ~read->magnitude + 1 : read->magnitude);
  return true;
}

bool parse_whole(std::string_view text, std::int64_t& out) {
  if (parse_integer(text, out))
    return true;
  double number = 0;
  if (!parse_number(text, number) || std::trunc(number) != number || !(std::abs(number) < 0x1p63))
    return false;
  out = static_cast<std::int64_t>(number);
  return true;
}

bool parse_real(std::string_view text, double& out) {
  if (const auto special = special_number(text)) {
    out = *special;
    return true;
  }
  if (const auto whole = integer_of(text)) {
    const auto magnitude = static_cast<double>(whole->magnitude);
    out = whole->negative ? -magnitude : magnitude;
    return true;
  }
  if (!is_number(text))
    return false;
  const auto digits = without_underscores(text);
  std::string_view rest = digits;
  const bool negative = take_sign(rest);
  const auto [stop, error] = std::from_chars(rest.data(), rest.data() + rest.size(), out);
  if (error != std::errc{} || stop != rest.data() + rest.size())
    return false;
  if (negative)
    out = -out;
  return true;
}

bool parse_number(std::string_view text, double& out) {
  return parse_real(text, out) && std::isfinite(out);
}

std::string_view without_blanks(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

} // namespace weir::app
