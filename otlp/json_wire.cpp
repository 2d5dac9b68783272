#include "otlp/json_wire.hpp"

#include "otlp/wire.hpp"

#include <cstring>

namespace weir::otlp {

std::size_t begin_nested(std::string& out, std::uint32_t number) {
  wire::append_tag(out, number, wire::type::bytes);
  out.push_back('\0');
  return out.size();
}

void end_nested(std::string& out, std::size_t begin) {
  const auto length = out.size() - begin;
  if (length >= 0x80)
    out.insert(begin, wire::varint_size(length) - 1, '\0');
  wire::put_varint(out.data() + begin - 1, length);
}

void append_integer_field(std::string& out, field_kind kind, std::uint32_t number,
                          std::uint64_t value, bool packed) {
  auto type = wire::type::varint;
  if (kind == field_kind::fixed32)
    type = wire::type::fixed32;
  else if (kind == field_kind::fixed64 || kind == field_kind::sfixed64)
    type = wire::type::fixed64;
  if (!packed)
    wire::append_tag(out, number, type);
  if (type == wire::type::fixed32)
    wire::append_fixed(out, static_cast<std::uint32_t>(value));
  else if (type == wire::type::fixed64)
    wire::append_fixed(out, value);
  else if (kind == field_kind::sint32)
    wire::append_varint(out, wire::zigzag(static_cast<std::int64_t>(value)));
  else
    wire::append_varint(out, value);
}

std::uint32_t written_number(const message_info& m, const field_info& f) noexcept {
  if (f.old_form)
    for (const auto& other : m.fields)
      if (other.message == f.message)
        return other.number;
  return f.number;
}

void old_fields::note(const message_info& m, const field_info& f, std::size_t begin,
                      std::size_t end) {
  const auto& last = m.fields.back(); // the deprecated one, where there is one: it is numbered 1000
  if (!last.old_form || begin == end)
    return;
  if (f.old_form)
    ranges_.emplace_back(begin, end);
  else if (f.message == last.message)
    newer_ = true;
}

void old_fields::resolve(std::string& out) const {
  if (!newer_ || ranges_.empty())
    return;
  auto to = ranges_.front().first;
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    const auto from = ranges_[i].second;
    const auto end = i + 1 < ranges_.size() ? ranges_[i + 1].first : out.size();
    std::memmove(out.data() + to, out.data() + from, end - from);
    to += end - from;
  }
  out.resize(to);
}

} // namespace weir::otlp
