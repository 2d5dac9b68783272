#include "otlp/check.hpp"

#include "otlp/wire.hpp"

#include <array>
#include <simdjson.h>

namespace weir::otlp {

namespace {

// What to do at a tag. The first four are the wire types of fields that hold no more to check.
enum op : std::uint8_t {
  skip_varint,
  skip_fixed64,
  skip_bytes,
  skip_fixed32,
  check_string,
  check_trace_id,
  check_span_id,
  check_own_trace_id,
  check_own_span_id,
  check_message,
  check_attribute,
  packed_varint,
  packed_fixed64,
  refuse_group,
  refuse_no_wire_type,
  refuse_wrong_wire_type,
  refuse_tag,
};

struct rule {
  std::uint8_t op = refuse_tag;
  message_id sub{};
};

// By tag, for field numbers below 32: all known ones but the deprecated 1000.
constexpr std::uint32_t rule_count = 256;
using rules = std::array<rule, rule_count>;

rule rule_of_unknown(std::uint32_t tag) noexcept {
  static constexpr std::uint8_t ops[] = {skip_varint,         skip_fixed64,       skip_bytes,
                                         refuse_group,        refuse_group,       skip_fixed32,
                                         refuse_no_wire_type, refuse_no_wire_type};
  return {ops[tag & 7], message_id::none};
}

wire::type wire_type_of(field_kind kind) noexcept {
  switch (kind) {
  case field_kind::boolean:
  case field_kind::enumeration:
  case field_kind::uint32:
  case field_kind::int64:
  case field_kind::uint64:
  case field_kind::sint32:
    return wire::type::varint;
  case field_kind::fixed32:
    return wire::type::fixed32;
  case field_kind::fixed64:
  case field_kind::sfixed64:
  case field_kind::real:
    return wire::type::fixed64;
  default:
    return wire::type::bytes;
  }
}

rule rule_of_known(message_id id, const field_info& f, std::uint32_t tag) noexcept {
  const auto wanted = wire_type_of(f.kind);
  const auto type = static_cast<wire::type>(tag & 7);
  if (f.repeated && wanted != wire::type::bytes && type == wire::type::bytes)
    return {wanted == wire::type::varint ? packed_varint : packed_fixed64, message_id::none};
  if (type != wanted) {
    const auto unknown = rule_of_unknown(tag);
    return unknown.op < check_string ? rule{refuse_wrong_wire_type, message_id::none} : unknown;
  }
  const bool own_ids = id == message_id::span;
  switch (f.kind) {
  case field_kind::message:
    return {f.message == message_id::key_value ? check_attribute : check_message, f.message};
  case field_kind::string:
    return {check_string, message_id::none};
  case field_kind::trace_id:
    return {own_ids ? check_own_trace_id : check_trace_id, message_id::none};
  case field_kind::span_id:
    return {own_ids && f.number == 2 ? check_own_span_id : check_span_id, message_id::none};
  default:
    return rule_of_unknown(tag);
  }
}

rule rule_of(message_id id, std::uint32_t tag) noexcept {
  const auto* f = info(id).find(tag >> 3);
  return f != nullptr ? rule_of_known(id, *f, tag) : rule_of_unknown(tag);
}

std::array<rules, message_count> make_tables() noexcept {
  std::array<rules, message_count> tables;
  for (std::size_t m = 0; m < message_count; ++m)
    for (std::uint32_t tag = 8; tag < rule_count; ++tag)
      tables[m][tag] = rule_of(static_cast<message_id>(m), tag);
  return tables;
}

const std::array<rules, message_count> tables = make_tables();

std::uint64_t load8(const char* p) noexcept {
  std::uint64_t word;
  std::memcpy(&word, p, sizeof word);
  return word;
}

bool is_ascii(const char* p, std::size_t n) noexcept {
  std::uint64_t bits = 0;
  if (n >= 8) {
    for (std::size_t i = 0; i + 8 < n; i += 8)
      bits |= load8(p + i);
    bits |= load8(p + n - 8);
  } else {
    for (std::size_t i = 0; i < n; ++i)
      bits |= static_cast<std::uint8_t>(p[i]);
  }
  return (bits & 0x8080'8080'8080'8080) == 0;
}

// The most common attribute of all: a short key, then a short string or a small integer, all ASCII.
// The whole of it is then bytes below 0x80, tags and lengths too. Anything else is for the long
// way.
bool is_plain_attribute(std::string_view body) noexcept {
  constexpr std::size_t head = 2; // tag and length
  const auto* p = reinterpret_cast<const std::uint8_t*>(body.data());
  if (body.size() < 2 * head || body.size() > 0x100 || p[0] != 0x0a)
    return false;
  const std::size_t value = head + p[1];
  if (value + 2 * head > body.size() || p[value] != 0x12
      || value + head + p[value + 1] != body.size())
    return false;
  const auto* any = p + value + head;
  const bool text = any[0] == 0x0a && std::size_t{any[1]} + head == p[value + 1];
  const bool integer = any[0] == 0x18 && p[value + 1] == head;
  return (text || integer) && is_ascii(body.data(), body.size());
}

} // namespace

bool is_utf8(std::string_view text) noexcept {
  return is_ascii(text.data(), text.size()) || simdjson::validate_utf8(text.data(), text.size());
}

const char* checker::refuse(fault_kind kind, const char* next) noexcept {
  fail(kind, next);
  return nullptr;
}

void checker::note(value_fault v, const char* tag) noexcept {
  if (value_ != value_fault::none)
    return;
  value_ = v;
  value_at_ = tag;
}

// Notes an id of the span in hand.
void checker::take_id(std::string_view& id, std::string_view bytes, std::size_t size,
                      value_fault fault, const char* tag) noexcept {
  ids_.twice |= id.data() != nullptr;
  id = bytes;
  if (bytes.size() != size && !bytes.empty())
    note(fault, tag);
}

bool checker::walk(message_id id, const char* p, const char* end, std::uint32_t depth) noexcept {
  const rules& table = tables[static_cast<std::size_t>(id)];
  while (p < end) {
    const char* start = p;
    auto tag = static_cast<std::uint32_t>(static_cast<std::uint8_t>(*p));
    rule r;
    if (tag < 0x80) [[likely]] {
      ++p;
      r = table[tag];
    } else {
      p = wire::read_tag(p, end, tag);
      if (p == nullptr)
        return fail(fault_kind::bad_tag, start);
      r = tag < rule_count ? table[tag] : rule_of(id, tag);
    }
    p = field(r.op, r.sub, p, end, depth, start);
    if (p == nullptr)
      return false;
  }
  return true;
}

// Checks what stands behind a tag and returns where it ends, or nullptr after refuse().
const char* checker::field(std::uint8_t op, message_id sub, const char* p, const char* end,
                           std::uint32_t depth, const char* tag) noexcept {
  std::string_view bytes;
  switch (op) {
  case skip_varint: {
    std::uint64_t ignored = 0;
    p = wire::read_varint(p, end, ignored);
    return p != nullptr ? p : refuse(fault_kind::truncated_varint, tag);
  }
  case skip_fixed64:
    return end - p >= 8 ? p + 8 : refuse(fault_kind::truncated_fixed, tag);
  case skip_fixed32:
    return end - p >= 4 ? p + 4 : refuse(fault_kind::truncated_fixed, tag);
  case refuse_group:
    return refuse(fault_kind::group, tag);
  case refuse_no_wire_type:
    return refuse(fault_kind::no_wire_type, tag);
  case refuse_wrong_wire_type:
    return refuse(fault_kind::wrong_wire_type, tag);
  case refuse_tag:
    return refuse(fault_kind::bad_tag, tag);
  default:
    break;
  }
  p = wire::read_bytes(p, end, bytes);
  if (p == nullptr)
    return refuse(fault_kind::bad_length, tag);
  switch (op) {
  case check_string:
    if (check_utf8_ && !is_utf8(bytes))
      note(value_fault::utf8, tag);
    return p;
  case check_trace_id:
    if (bytes.size() != 16 && !bytes.empty())
      note(value_fault::trace_id_length, tag);
    return p;
  case check_span_id:
    if (bytes.size() != 8 && !bytes.empty())
      note(value_fault::span_id_length, tag);
    return p;
  case check_own_trace_id:
    take_id(ids_.trace, bytes, 16, value_fault::trace_id_length, tag);
    return p;
  case check_own_span_id:
    take_id(ids_.span, bytes, 8, value_fault::span_id_length, tag);
    return p;
  case check_attribute:
    if (depth + 1 < max_depth_ && is_plain_attribute(bytes)) [[likely]]
      return p;
    [[fallthrough]];
  case check_message:
    if (depth >= max_depth_)
      return refuse(fault_kind::too_deep, tag);
    return walk(sub, bytes.data(), p, depth + 1) ? p : nullptr;
  case packed_varint:
  case packed_fixed64:
    return packed(op, bytes, tag) ? p : nullptr;
  default:
    return p;
  }
}

bool checker::packed(std::uint8_t op, std::string_view bytes, const char* tag) noexcept {
  if (op == packed_fixed64)
    return bytes.size() % 8 == 0 || fail(fault_kind::bad_packed_length, tag);
  const char* end = bytes.data() + bytes.size();
  for (const char* p = bytes.data(); p < end;) {
    std::uint64_t ignored = 0;
    p = wire::read_varint(p, end, ignored);
    if (p == nullptr)
      return fail(fault_kind::truncated_varint, tag);
  }
  return true;
}

} // namespace weir::otlp
