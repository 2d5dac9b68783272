#include "otlp/json_number.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace weir::otlp {

namespace {

struct integer_range {
  std::uint64_t lowest; // magnitude of the lowest negative value
  std::uint64_t highest;
};

constexpr integer_range range_of(field_kind kind) noexcept {
  switch (kind) {
  case field_kind::uint32:
  case field_kind::fixed32:
    return {0, std::numeric_limits<std::uint32_t>::max()};
  case field_kind::sint32:
  case field_kind::enumeration:
    return {1ULL << 31, (1ULL << 31) - 1};
  case field_kind::int64:
  case field_kind::sfixed64:
    return {1ULL << 63, (1ULL << 63) - 1};
  default:
    return {0, std::numeric_limits<std::uint64_t>::max()};
  }
}

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

std::string_view take_digits(std::string_view& text) noexcept {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n]))
    ++n;
  const auto digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

// Takes an exponent, where there is one; one that no text of digits can make up for becomes one
// that is as hopeless.
bool take_exponent(std::string_view& text, std::int64_t& exponent) noexcept {
  constexpr std::int64_t hopeless = 1LL << 40;
  if (!text.starts_with('e') && !text.starts_with('E'))
    return true;
  text.remove_prefix(1);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  const auto digits = take_digits(text);
  for (const char c : digits)
    exponent = std::min(hopeless, exponent * 10 + (c - '0'));
  exponent = negative ? -exponent : exponent;
  return !digits.empty();
}

bool append_digit(std::uint64_t& number, char digit) noexcept {
  return !__builtin_mul_overflow(number, 10U, &number)
         && !__builtin_add_overflow(number, static_cast<unsigned>(digit - '0'), &number);
}

} // namespace

wide_integer wide_integer::of(std::int64_t value) noexcept {
  const auto bits = static_cast<std::uint64_t>(value);
  return {value < 0, value < 0 ? 0 - bits : bits};
}

bool parse_integer(std::string_view text, wide_integer& out) noexcept {
  out = {text.starts_with('-'), 0};
  if (out.negative)
    text.remove_prefix(1);
  const auto whole = take_digits(text);
  std::string_view fraction;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    fraction = take_digits(text);
    if (fraction.empty())
      return false;
  }
  std::int64_t exponent = 0;
  if (whole.empty() || !take_exponent(text, exponent) || !text.empty())
    return false;
  // Digits before the point once it is moved; behind them nothing but zeros may stand.
  auto before = static_cast<std::int64_t>(whole.size()) + exponent;
  for (const auto digits : {whole, fraction})
    for (const char c : digits)
      if (before-- > 0 ? !append_digit(out.magnitude, c) : c != '0')
        return false;
  for (; before > 0 && out.magnitude != 0; --before)
    if (!append_digit(out.magnitude, '0'))
      return false;
  return true;
}

bool has_leading_zero(std::string_view text) noexcept {
  if (text.starts_with('-'))
    text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && is_digit(text[1]);
}

bool fits(const wide_integer& n, field_kind kind) noexcept {
  const auto range = range_of(kind);
  return n.magnitude <= (n.negative ? range.lowest : range.highest);
}

bool enum_value(enum_id id, std::string_view name, wide_integer& out) noexcept {
  for (const auto& n : names(id))
    if (n.name == name) {
      out = wide_integer::of(n.value);
      return true;
    }
  return false;
}

bool parse_real(std::string_view text, double& out) noexcept {
  if (text == "NaN") {
    out = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  if (text == "Infinity" || text == "-Infinity") {
    out = text[0] == '-' ? -std::numeric_limits<double>::infinity()
                         : std::numeric_limits<double>::infinity();
    return true;
  }
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, out);
  return status == std::errc{} && stop == end && std::isfinite(out);
}

} // namespace weir::otlp
