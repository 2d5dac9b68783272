#include "codec/span_shape.hpp"

#include "otlp/wire.hpp"

namespace weir::codec {

namespace {

namespace wire = otlp::wire;

// Field numbers of opentelemetry.proto.trace.v1.Span.
constexpr std::uint32_t trace_id_tag = wire::make_tag(1, wire::type::bytes);
constexpr std::uint32_t span_id_tag = wire::make_tag(2, wire::type::bytes);
constexpr std::uint32_t parent_id_tag = wire::make_tag(4, wire::type::bytes);
constexpr std::uint32_t start_tag = wire::make_tag(7, wire::type::fixed64);
constexpr std::uint32_t end_tag = wire::make_tag(8, wire::type::fixed64);

// Notes a value at `offset`; false if there is one of its kind already (later ones stay where they
// are).
bool note(span_cuts& cuts, span_value which, std::size_t offset) noexcept {
  if (cuts.has(which))
    return false;
  cuts.present = static_cast<std::uint8_t>(cuts.present | bit(which));
  cuts.list[cuts.count++] = {static_cast<std::uint32_t>(offset), which};
  return true;
}

bool note_id(span_cuts& cuts, std::uint32_t tag, std::uint64_t length,
             std::size_t offset) noexcept {
  if (tag == trace_id_tag && length == 16)
    return note(cuts, span_value::trace, offset);
  if (tag == span_id_tag && length == 8)
    return note(cuts, span_value::span, offset);
  if (tag == parent_id_tag && length == 8)
    return note(cuts, span_value::parent, offset);
  return false;
}

bool note_time(span_cuts& cuts, std::uint32_t tag, std::size_t offset) noexcept {
  if (tag == start_tag)
    return note(cuts, span_value::start, offset);
  if (tag == end_tag)
    return note(cuts, span_value::end, offset);
  return false;
}

// One walk for both sides, so that they cannot differ in what is a value: in a body (Whole) the
// values stand in their places, in a shape they do not.
template <bool Whole>
bool walk(std::string_view bytes, span_cuts& cuts) noexcept {
  cuts = {};
  const auto* p = bytes.data();
  const auto* const end = p + bytes.size();
  while (p != end) {
    std::uint32_t tag = 0;
    std::uint64_t skip = 0;
    bool cut = false;
    if ((p = wire::read_tag(p, end, tag)) == nullptr)
      return false;
    switch (static_cast<wire::type>(tag & 7)) {
    case wire::type::varint:
      if ((p = wire::read_varint(p, end, skip)) == nullptr)
        return false;
      continue;
    case wire::type::fixed32:
      skip = 4;
      break;
    case wire::type::fixed64:
      skip = 8;
      cut = note_time(cuts, tag, static_cast<std::size_t>(p - bytes.data()));
      break;
    case wire::type::bytes:
      if ((p = wire::read_varint(p, end, skip)) == nullptr)
        return false;
      cut = note_id(cuts, tag, skip, static_cast<std::size_t>(p - bytes.data()));
      break;
    default:
      return false;
    }
    if (cut && !Whole)
      continue;
    if (skip > static_cast<std::uint64_t>(end - p))
      return false;
    p += skip;
  }
  return true;
}

} // namespace

bool find_values(std::string_view body, span_cuts& cuts) noexcept {
  return walk<true>(body, cuts);
}

bool find_gaps(std::string_view shape, span_cuts& cuts) noexcept {
  return walk<false>(shape, cuts);
}

} // namespace weir::codec
