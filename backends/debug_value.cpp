#include "backends/debug_value.hpp"

#include "backends/go_text.hpp"
#include "core/base64.hpp"
#include "otlp/json_text.hpp"

#include <cmath>
#include <map>
#include <optional>

namespace weir::backends {

namespace {

namespace wire = otlp::wire;

// AnyValue's members by field number. Source: opentelemetry-proto, common/v1.
enum class any : std::uint32_t { string = 1, boolean, integer, real, list, map, bytes };

constexpr int max_depth = 100; // Deeper ones are refused at the door.

std::optional<wire::field> member_of(message_view value) {
  std::optional<wire::field> found;
  value.each_field([&](const wire::field& f) {
    if (f.number >= 1 && f.number <= 7)
      found = f;
  });
  return found;
}

// Appends a value inside a map or list; false where JSON has no form for it, which makes the
// Collector print nothing at all.
bool append_json(std::string& out, message_view value, int depth);

bool append_json_list(std::string& out, message_view list, int depth) {
  bool good = true;
  bool first = true;
  out.push_back('[');
  list.each(1, [&](message_view item) {
    if (!first)
      out.push_back(',');
    first = false;
    good = append_json(out, item, depth + 1) && good;
  });
  out.push_back(']');
  return good;
}

bool append_json_map(std::string& out, message_view map, int depth) {
  std::map<std::string_view, message_view> sorted; // Of a key that stands twice the last counts.
  map.each(1, [&](message_view item) { sorted[item.text(1)] = value_of(item); });
  bool good = true;
  bool first = true;
  out.push_back('{');
  for (const auto& [key, value] : sorted) {
    if (!first)
      out.push_back(',');
    first = false;
    go::append_json_text(out, key);
    out.push_back(':');
    good = append_json(out, value, depth + 1) && good;
  }
  out.push_back('}');
  return good;
}

bool append_json(std::string& out, message_view value, int depth) {
  const auto f = member_of(value);
  if (!f || depth > max_depth) {
    out += "null";
    return true;
  }
  switch (static_cast<any>(f->number)) {
  case any::string:
    go::append_json_text(out, f->bytes);
    return true;
  case any::boolean:
    out += f->value != 0 ? "true" : "false";
    return true;
  case any::integer:
    otlp::append_integer(static_cast<std::int64_t>(f->value), out);
    return true;
  case any::real:
    go::append_json_number(out, f->real());
    return std::isfinite(f->real());
  case any::list:
    return append_json_list(out, message_view(f->bytes), depth);
  case any::map:
    return append_json_map(out, message_view(f->bytes), depth);
  case any::bytes:
    out.push_back('"');
    append_base64(f->bytes, out);
    out.push_back('"');
    return true;
  }
  return true;
}

std::string_view type_name(const std::optional<wire::field>& f) {
  if (!f)
    return "Empty";
  switch (static_cast<any>(f->number)) {
  case any::string:
    return "Str";
  case any::boolean:
    return "Bool";
  case any::integer:
    return "Int";
  case any::real:
    return "Double";
  case any::list:
    return "Slice";
  case any::map:
    return "Map";
  case any::bytes:
    return "Bytes";
  }
  return "";
}

} // namespace

void append_value(std::string& out, message_view any_value) {
  const auto f = member_of(any_value);
  if (!f)
    return;
  const auto before = out.size();
  switch (static_cast<any>(f->number)) {
  case any::string:
    out += f->bytes;
    return;
  case any::bytes:
    return append_base64(f->bytes, out);
  case any::real:
    return go::append_json_number(out, f->real());
  default:
    if (!append_json(out, any_value, 0))
      out.resize(before);
  }
}

void append_typed_value(std::string& out, message_view any_value) {
  out += type_name(member_of(any_value));
  out.push_back('(');
  append_value(out, any_value);
  out.push_back(')');
}

} // namespace weir::backends
