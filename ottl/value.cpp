#include "ottl/value.hpp"

#include <algorithm>

namespace weir::ottl {

namespace wire = otlp::wire;

namespace {

constexpr std::uint32_t string_field = 1;
constexpr std::uint32_t bool_field = 2;
constexpr std::uint32_t int_field = 3;
constexpr std::uint32_t double_field = 4;
constexpr std::uint32_t list_field = 5;
constexpr std::uint32_t map_field = 6;
constexpr std::uint32_t bytes_field = 7;

std::uint32_t field_of(value_type type) noexcept {
  switch (type) {
  case value_type::list:
    return list_field;
  case value_type::map:
    return map_field;
  case value_type::bytes:
    return bytes_field;
  default:
    return string_field;
  }
}

// Tags of fields up to 15 are one byte.
std::size_t bytes_field_size(std::size_t length) noexcept {
  return 1 + wire::varint_size(length) + length;
}

char* put_tag(char* out, std::uint32_t number, wire::type type) noexcept {
  *out++ = static_cast<char>(wire::make_tag(number, type));
  return out;
}

char* put_bytes(char* out, std::uint32_t number, std::string_view bytes) noexcept {
  out = wire::put_varint(put_tag(out, number, wire::type::bytes), bytes.size());
  if (!bytes.empty())
    std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

} // namespace

std::string_view to_string(value_type type) noexcept {
  switch (type) {
  case value_type::nil:
    return "nil";
  case value_type::boolean:
    return "a boolean";
  case value_type::integer:
    return "a whole number";
  case value_type::real:
    return "a real number";
  case value_type::string:
    return "a string";
  case value_type::bytes:
    return "bytes";
  case value_type::list:
    return "a list";
  case value_type::map:
    return "a map";
  case value_type::trace_id:
    return "a trace id";
  case value_type::span_id:
    return "a span id";
  case value_type::time:
    return "a time";
  case value_type::duration:
    return "a duration";
  case value_type::items:
    return "a list of items";
  }
  return "";
}

value from_wire(const otlp::value_ref& read) noexcept {
  switch (read.kind) {
  case otlp::value_kind::none:
    return {};
  case otlp::value_kind::string:
    return value::of_string(read.bytes);
  case otlp::value_kind::boolean:
    return value::of(read.boolean);
  case otlp::value_kind::integer:
    return value::of(read.integer);
  case otlp::value_kind::real:
    return value::of(read.real);
  case otlp::value_kind::array:
    return value::of_bytes(value_type::list, read.bytes);
  case otlp::value_kind::map:
    return value::of_bytes(value_type::map, read.bytes);
  case otlp::value_kind::bytes:
    return value::of_bytes(value_type::bytes, read.bytes);
  }
  return {};
}

value from_wire(std::string_view any_value) noexcept {
  return from_wire(otlp::read_value(any_value));
}

bool is_storable(const value& v) noexcept {
  return v.type <= value_type::map;
}

std::size_t wire_size(const value& v) noexcept {
  switch (v.type) {
  case value_type::nil:
    return 0;
  case value_type::boolean:
    return 2;
  case value_type::integer:
    return 1 + wire::varint_size(static_cast<std::uint64_t>(v.integer));
  case value_type::real:
    return 9;
  default:
    return bytes_field_size(v.bytes.size());
  }
}

char* put_wire(char* out, const value& v) noexcept {
  switch (v.type) {
  case value_type::nil:
    return out;
  case value_type::boolean:
    return wire::put_varint(put_tag(out, bool_field, wire::type::varint), v.boolean ? 1 : 0);
  case value_type::integer:
    return wire::put_varint(put_tag(out, int_field, wire::type::varint),
                            static_cast<std::uint64_t>(v.integer));
  case value_type::real:
    out = put_tag(out, double_field, wire::type::fixed64);
    std::memcpy(out, &v.real, sizeof v.real);
    return out + sizeof v.real;
  default:
    return put_bytes(out, field_of(v.type), v.bytes);
  }
}

void append_element(text_builder& list, const value& v) {
  const auto size = wire_size(v);
  if (char* out = list.grow(bytes_field_size(size)); out != nullptr)
    put_wire(wire::put_varint(put_tag(out, 1, wire::type::bytes), size), v);
}

void append_pair(text_builder& map, std::string_view key, const value& v) {
  const auto size = wire_size(v);
  const auto pair = bytes_field_size(key.size()) + bytes_field_size(size);
  if (char* out = map.grow(bytes_field_size(pair)); out != nullptr) {
    out = wire::put_varint(put_tag(out, 1, wire::type::bytes), pair);
    out = put_bytes(out, 1, key);
    put_wire(wire::put_varint(put_tag(out, 2, wire::type::bytes), size), v);
  }
}

void append_any_pair(text_builder& map, std::string_view key, std::string_view any) {
  const auto pair = bytes_field_size(key.size()) + bytes_field_size(any.size());
  if (char* out = map.grow(bytes_field_size(pair)); out != nullptr) {
    out = wire::put_varint(put_tag(out, 1, wire::type::bytes), pair);
    put_bytes(put_bytes(out, 1, key), 2, any);
  }
}

void append_any(text_builder& list, std::string_view any) {
  if (char* out = list.grow(bytes_field_size(any.size())); out != nullptr)
    put_bytes(out, 1, any);
}

std::size_t list_size(std::string_view list) noexcept {
  std::size_t count = 0;
  for_each_item(list, [&](std::string_view) { ++count; });
  return count;
}

std::size_t map_size(std::string_view map) noexcept {
  return list_size(map);
}

std::optional<value> map_at(std::string_view map, std::string_view key) noexcept {
  std::optional<value> found;
  for_each_entry(map, [&](std::string_view name, std::string_view any_value) {
    if (!found && name == key)
      found = from_wire(any_value);
  });
  return found;
}

std::optional<value> list_at(std::string_view list, std::int64_t index) noexcept {
  std::optional<value> found;
  std::int64_t position = 0;
  for_each_item(list, [&](std::string_view any_value) {
    if (position++ == index)
      found = from_wire(any_value);
  });
  return found;
}

} // namespace weir::ottl
