#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

// A span's body, taken apart for a block: the values that differ from span to span are cut out;
// what remains, tags and lengths of the values included, is the span's shape. Many spans share one:
// the same name, kind, attributes, status in the same order. The shape alone says where the values
// go, so putting together gives back every byte, whatever the order of fields and the unknown ones.
namespace weir::codec {

/// The values that are cut out: of a body's top-level fields the first trace_id of 16 bytes,
/// span_id and parent_span_id of 8 bytes, start and end time of wire type fixed64.
enum class span_value : std::uint8_t { trace, span, parent, start, end };

constexpr unsigned bit(span_value which) noexcept {
  return 1u << static_cast<unsigned>(which);
}

/// Where a value goes: before the byte `offset` of the shape.
struct span_cut {
  std::uint32_t offset = 0;
  span_value which = span_value::trace;
};

struct span_cuts {
  std::array<span_cut, 5> list; ///< In the order of the body; `count` of them.
  std::uint8_t count = 0;
  std::uint8_t present = 0; ///< Bits of the values that there are.

  bool has(span_value which) const noexcept { return (present & bit(which)) != 0; }
  /// How many bytes longer the body is than its shape.
  std::size_t value_bytes() const noexcept {
    return count * std::size_t{8} + (has(span_value::trace) ? 8 : 0);
  }
};

/// Where the values stand in a body, offsets counted in the body. False where it is not a row of
/// protobuf fields (it has no shape then).
bool find_values(std::string_view body, span_cuts& cuts) noexcept;

/// Where the values go in a shape, offsets counted in the shape. False where it is none.
bool find_gaps(std::string_view shape, span_cuts& cuts) noexcept;

} // namespace weir::codec
