#pragma once

#include "ottl/scratch_arena.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

// Texts as values, as Go reads and writes them.
namespace weir::ottl {

/// Digits with or without a sign, nothing else.
std::optional<std::int64_t> parse_integer(std::string_view text) noexcept;
/// `1.5`, `1e3`, `inf`, `nan`, with or without a sign.
std::optional<double> parse_real(std::string_view text) noexcept;
/// `1`, `t`, `T`, `true`, `True`, `TRUE` and the same of false.
std::optional<bool> parse_boolean(std::string_view text) noexcept;
/// `1h30m`, `-1.5s`, `100ms`, in nanoseconds.
std::optional<std::int64_t> parse_duration(std::string_view text) noexcept;

/// A real number cut to a whole one; the nearest there is, where it is too large.
std::int64_t to_integer(double real) noexcept;

/// The text with its letters in the other case, also those that are not ASCII.
void append_cased(text_builder& out, std::string_view text, bool upper);

/// A JSON object or array as the body of a KeyValueList or an ArrayValue: numbers are reals, null
/// is nil, of a key that stands twice the last counts. Nothing where it is neither, or deeper
/// than 64.
struct parsed_json {
  bool is_map = false;
  std::string_view body;
};
std::optional<parsed_json> parse_json(std::string_view text, scratch_arena& memory);

} // namespace weir::ottl
