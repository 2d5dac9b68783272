#include "otlp/carried.hpp"

#include "otlp/wire.hpp"

#include <optional>

namespace weir::otlp {

namespace {

// From the message down to its resources: data, ResourceSpans (ResourceMetrics, ResourceLogs).
constexpr int levels_above = 2;
constexpr std::uint32_t way_down = 1;

constexpr std::uint32_t value_field = 1; // of the field's body
constexpr std::uint32_t name_in_value = 1;
constexpr std::uint32_t text_in_value = 2;

// What one resource carries; of several such fields, or Resources, the last counts.
std::string_view carried_by(std::string_view resource_level) {
  std::string_view found;
  wire::for_each_field(resource_level, [&](const wire::field& f) {
    if (f.number != way_down || f.type != wire::type::bytes)
      return;
    wire::for_each_field(f.bytes, [&](const wire::field& inner) {
      if (inner.number == carried_field && inner.type == wire::type::bytes)
        found = inner.bytes;
    });
  });
  return found;
}

void append_without(int level, std::string_view message, std::string& out) {
  wire::reader fields(message);
  const char* begin = fields.at();
  std::string inner;
  while (const auto f = fields.next()) {
    const std::string_view whole(begin, static_cast<std::size_t>(fields.at() - begin));
    begin = fields.at();
    if (level < levels_above && f->number == way_down && f->type == wire::type::bytes) {
      inner.clear();
      append_without(level + 1, f->bytes, inner);
      wire::append_bytes_field(out, f->number, inner);
    } else if (level < levels_above || f->number != carried_field) {
      out += whole;
    }
  }
}

} // namespace

void append_carried(std::string& out, std::string_view name, std::string_view value) {
  std::string pair;
  wire::append_bytes_field(pair, name_in_value, name);
  wire::append_bytes_field(pair, text_in_value, value);
  wire::append_bytes_field(out, value_field, pair);
}

carried_values read_carried(std::string_view body) {
  carried_values values;
  wire::for_each_field(body, [&](const wire::field& f) {
    auto& [name, value] = values.emplace_back();
    wire::for_each_field(f.bytes, [&](const wire::field& part) {
      (part.number == name_in_value ? name : value) = part.bytes;
    });
  });
  return values;
}

carried take_carried(std::string_view message, std::string& out) {
  carried found;
  std::optional<std::string_view> first;
  wire::for_each_field(message, [&](const wire::field& f) {
    if (f.number != way_down || f.type != wire::type::bytes)
      return;
    const auto here = carried_by(f.bytes);
    found.any |= !here.empty();
    found.mixed |= first.value_or(here) != here;
    first = first.value_or(here);
  });
  if (!found.any)
    return found;
  found.values = read_carried(*first);
  out.reserve(out.size() + message.size());
  append_without(0, message, out);
  return found;
}

} // namespace weir::otlp
