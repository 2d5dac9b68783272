#pragma once

#include <cstdint>
#include <string_view>

// Plain scalars, read as yaml.v3 does, the Collector's parser: YAML 1.2's core schema, and the
// numbers of YAML 1.1 (`1_000`, `0b11`, `017`) on top.
namespace weir::app {

/// What a plain scalar is.
enum class scalar_type : std::uint8_t { text, null, boolean, integer, number };
scalar_type type_of(std::string_view plain);

/// A whole number: `12`, `1_000`, `0x1F`, `0o17` and `017`, `0b11`, with a sign or without. False:
/// it is none, or out of range.
bool parse_integer(std::string_view text, std::int64_t& out);

/// The same, and numbers with a point or an exponent whose value is whole: `1e3`, `1000.0`.
bool parse_whole(std::string_view text, std::int64_t& out);

/// Any number, whole or not, `.inf` and `.nan` among them.
bool parse_real(std::string_view text, double& out);

/// Any number that is finite.
bool parse_number(std::string_view text, double& out);

/// `text` without the blanks and line ends around it.
std::string_view without_blanks(std::string_view text) noexcept;

} // namespace weir::app
