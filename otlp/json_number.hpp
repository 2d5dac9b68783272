#pragma once

#include "otlp/schema.hpp"

#include <cstdint>
#include <string_view>

// The numbers of OTLP/JSON: integers of every width come as numbers, as whole numbers with a point
// or an exponent, as decimal strings, and (enums) as names.
namespace weir::otlp {

/// An integer before the range of its field is looked at.
struct wide_integer {
  bool negative = false;
  std::uint64_t magnitude = 0;

  static wide_integer of(std::int64_t value) noexcept;

  /// Two's complement. @pre fits() in some kind
  std::uint64_t bits() const noexcept { return negative ? 0 - magnitude : magnitude; }
};

/// Reads a decimal number (digits; before them a minus, behind them a point with digits and an
/// exponent, or not) and nothing else, digit by digit: no double lies in between. False where it is
/// not whole or is 2^64 and above. Zeros may lead, which JSON's own numbers must not have.
bool parse_integer(std::string_view text, wide_integer& out) noexcept;

/// Whether JSON forbids a number for its leading zeros.
bool has_leading_zero(std::string_view text) noexcept;

/// Whether a field of this kind can hold the integer.
bool fits(const wide_integer& n, field_kind kind) noexcept;

/// Reads the name of an enum's value.
bool enum_value(enum_id id, std::string_view name, wide_integer& out) noexcept;

/// Reads a finite decimal number, "NaN", "Infinity" or "-Infinity".
bool parse_real(std::string_view text, double& out) noexcept;

} // namespace weir::otlp
