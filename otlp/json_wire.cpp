#include "otlp/json_wire.hpp"

#include "otlp/wire.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace weir::otlp {

nested_fields::mark nested_fields::begin(std::string& out, std::uint32_t number) {
  wire::append_tag(out, number, wire::type::bytes);
  out.push_back('\0');
  return {out.size(), missing_};
}

void nested_fields::end(std::string& out, const mark& begun) {
  const auto length = out.size() - begun.begin + (missing_ - begun.missing);
  if (length < 0x80) {
    out[begun.begin - 1] = static_cast<char>(length);
    return;
  }
  gaps_.push_back({begun.begin - 1, length});
  missing_ += wire::varint_size(length) - 1;
}

void nested_fields::make_room(std::string& out, std::size_t begin) {
  // Those behind `begin` ended last: fields lie in each other or behind each other.
  auto first = gaps_.end();
  while (first != gaps_.begin() && std::prev(first)->position >= begin)
    --first;
  std::sort(first, gaps_.end(), [](const gap& a, const gap& b) { return a.position > b.position; });
  std::size_t added = 0;
  for (auto g = first; g != gaps_.end(); ++g)
    added += wire::varint_size(g->length) - 1;
  auto source = out.size();
  out.resize(out.size() + added);
  auto target = out.size();
  for (auto g = first; g != gaps_.end(); ++g) {
    const auto content = source - (g->position + 1);
    target -= content;
    std::memmove(out.data() + target, out.data() + g->position + 1, content);
    target -= wire::varint_size(g->length);
    wire::put_varint(out.data() + target, g->length);
    source = g->position;
  }
  missing_ -= added;
  gaps_.erase(first, gaps_.end());
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
  auto target = ranges_.front().first;
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    const auto source = ranges_[i].second;
    const auto end = i + 1 < ranges_.size() ? ranges_[i + 1].first : out.size();
    std::memmove(out.data() + target, out.data() + source, end - source);
    target += end - source;
  }
  out.resize(target);
}

} // namespace weir::otlp
