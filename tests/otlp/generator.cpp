#include "generator.hpp"

#include "otlp/wire.hpp"

#include <array>
#include <limits>

namespace weir::otlp::test {

namespace {

constexpr std::uint32_t max_depth = 12;

wire::type number_type(field_kind kind) {
  switch (kind) {
  case field_kind::fixed32:
    return wire::type::fixed32;
  case field_kind::fixed64:
  case field_kind::sfixed64:
  case field_kind::real:
    return wire::type::fixed64;
  default:
    return wire::type::varint;
  }
}

} // namespace

std::string generator::message(message_id id, std::uint32_t size) {
  std::string out;
  body(id, size, 0, out);
  return out;
}

void generator::body(message_id id, std::uint32_t size, std::uint32_t depth, std::string& out) {
  const auto& fields = info(id).fields;
  const auto chosen = below(fields.size() + 1); // of a oneof's members; may be none
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto& f = fields[i];
    if (f.old_form || (f.in_oneof && i != chosen))
      continue;
    const bool is_id = f.number <= 2 && id == message_id::span;
    if (is_id || f.in_oneof || below(4) != 0)
      field(f, size, depth, out);
  }
}

void generator::field(const field_info& f, std::uint32_t size, std::uint32_t depth,
                      std::string& out) {
  if (f.kind == field_kind::message && depth >= max_depth)
    return;
  if (!f.repeated)
    return value(f, size, depth, out);
  const auto count = below(size + 1);
  if (f.kind < field_kind::boolean) {
    for (std::uint64_t i = 0; i < count; ++i)
      value(f, size, depth, out);
    return;
  }
  std::string packed;
  for (std::uint64_t i = 0; i < count; ++i)
    number(f, packed);
  if (count != 0)
    wire::append_bytes_field(out, f.number, packed);
}

void generator::value(const field_info& f, std::uint32_t size, std::uint32_t depth,
                      std::string& out) {
  std::string content;
  switch (f.kind) {
  case field_kind::message:
    body(f.message, size, depth + 1, content);
    break;
  case field_kind::string:
    content = text();
    break;
  case field_kind::bytes:
    content = id(below(20));
    break;
  case field_kind::trace_id:
    content = id(16);
    break;
  case field_kind::span_id:
    content = id(8);
    break;
  default:
    wire::append_tag(out, f.number, number_type(f.kind));
    return number(f, out);
  }
  wire::append_bytes_field(out, f.number, content);
}

void generator::number(const field_info& f, std::string& out) {
  const auto n = integer();
  const auto narrow = static_cast<std::int32_t>(n);
  switch (f.kind) {
  case field_kind::boolean:
    return wire::append_varint(out, n & 1);
  case field_kind::enumeration:
    return wire::append_varint(out, static_cast<std::uint64_t>(std::int64_t{narrow}));
  case field_kind::uint32:
    return wire::append_varint(out, static_cast<std::uint32_t>(n));
  case field_kind::sint32:
    return wire::append_varint(out, wire::zigzag(narrow));
  case field_kind::fixed32:
    return wire::append_fixed(out, static_cast<std::uint32_t>(n));
  case field_kind::fixed64:
  case field_kind::sfixed64:
    return wire::append_fixed(out, n);
  case field_kind::real:
    return wire::append_fixed(out, real());
  default:
    return wire::append_varint(out, n);
  }
}

std::string generator::text() {
  static constexpr std::array<std::string_view, 8> parts = {
      "a",        "GET /cart",    "\"quoted\\\"",     "\n\t\x01",
      "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "a longer run of plain letters"};
  std::string result;
  for (auto n = below(4); n > 0; --n)
    result += parts[below(parts.size())];
  return result;
}

std::string generator::id(std::size_t size) {
  std::string result;
  while (result.size() < size)
    result.push_back(static_cast<char>(random_() | 1));
  return result;
}

std::uint64_t generator::integer() {
  static constexpr std::array<std::uint64_t, 8> edges = {
      0, 1, 127, 128, 0x7fff'ffff, 0x8000'0000, 0x7fff'ffff'ffff'ffff, 0xffff'ffff'ffff'ffff};
  return below(2) == 0 ? edges[below(edges.size())] : random_() >> below(64);
}

double generator::real() {
  using limits = std::numeric_limits<double>;
  static constexpr std::array<double, 9> edges = {0.0,
                                                  -0.0,
                                                  0.1,
                                                  1e300,
                                                  limits::denorm_min(),
                                                  limits::quiet_NaN(),
                                                  limits::infinity(),
                                                  -limits::infinity(),
                                                  123456789.0};
  return below(2) == 0 ? edges[below(edges.size())]
                       : static_cast<double>(static_cast<std::int64_t>(random_())) / 1e6;
}

} // namespace weir::otlp::test
