#include "otlp/json_number.hpp"

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

} // namespace

wide_integer wide_integer::of(std::int64_t value) noexcept {
  const auto bits = static_cast<std::uint64_t>(value);
  return {value < 0, value < 0 ? 0 - bits : bits};
}

bool parse_integer(std::string_view text, wide_integer& out) noexcept {
  out.negative = text.starts_with('-');
  if (out.negative)
    text.remove_prefix(1);
  const char* end = text.data() + text.size();
  const auto [stop, status] = std::from_chars(text.data(), end, out.magnitude);
  return status == std::errc{} && stop == end;
}

bool to_integer(double number, wide_integer& out) noexcept {
  constexpr double limit = 18446744073709551616.0; // 2^64
  if (number != std::trunc(number) || std::abs(number) >= limit)
    return false;
  out = {number < 0, static_cast<std::uint64_t>(std::abs(number))};
  return true;
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
