#include "editing/values.hpp"

#include <cstring>

namespace weir::editing {

namespace wire = otlp::wire;

namespace {

// AnyValue's fields.
enum number : std::uint32_t {
  string = 1,
  boolean = 2,
  integer = 3,
  real = 4,
  array = 5,
  map = 6,
  bytes = 7
};

// All of these tags are one byte.
std::size_t field_size(std::size_t content) noexcept {
  return 1 + wire::varint_size(content) + content;
}

char* put_field(char* out, std::uint32_t number, std::string_view content) noexcept {
  *out++ = static_cast<char>(wire::make_tag(number, wire::type::bytes));
  out = wire::put_varint(out, content.size());
  if (!content.empty())
    std::memcpy(out, content.data(), content.size());
  return out + content.size();
}

std::string_view make_field(arena& memory, std::uint32_t number, std::string_view content) {
  const auto size = field_size(content.size());
  auto* room = memory.allocate(size);
  put_field(room, number, content);
  return {room, size};
}

// The head of an any that holds `content` bytes to come.
char* put_head(char* out, std::uint32_t number, std::size_t content) noexcept {
  *out++ = static_cast<char>(wire::make_tag(number, wire::type::bytes));
  return wire::put_varint(out, content);
}

} // namespace

std::string_view make_string(arena& memory, std::string_view text) {
  return make_field(memory, number::string, text);
}

std::string_view make_bytes(arena& memory, std::string_view content) {
  return make_field(memory, number::bytes, content);
}

std::string_view make_boolean(arena& memory, bool value) {
  auto* room = memory.allocate(2);
  room[0] = static_cast<char>(wire::make_tag(number::boolean, wire::type::varint));
  room[1] = value ? 1 : 0;
  return {room, 2};
}

std::string_view make_integer(arena& memory, std::int64_t value) {
  const auto bits = static_cast<std::uint64_t>(value);
  const auto size = 1 + wire::varint_size(bits);
  auto* room = memory.allocate(size);
  room[0] = static_cast<char>(wire::make_tag(number::integer, wire::type::varint));
  wire::put_varint(room + 1, bits);
  return {room, size};
}

std::string_view make_real(arena& memory, double value) {
  auto* room = memory.allocate(1 + sizeof value);
  room[0] = static_cast<char>(wire::make_tag(number::real, wire::type::fixed64));
  std::memcpy(room + 1, &value, sizeof value);
  return {room, 1 + sizeof value};
}

std::string_view make_array(arena& memory, std::span<const std::string_view> anys) {
  std::size_t content = 0;
  for (const auto any : anys)
    content += field_size(any.size());
  auto* begin = memory.allocate(field_size(content));
  auto* out = put_head(begin, number::array, content);
  for (const auto any : anys)
    out = put_field(out, 1, any);
  return {begin, static_cast<std::size_t>(out - begin)};
}

std::string_view make_map(arena& memory,
                          std::span<const std::pair<std::string_view, std::string_view>> entries) {
  const auto entry_size = [](const auto& e) {
    return field_size(e.first.size()) + field_size(e.second.size());
  };
  std::size_t content = 0;
  for (const auto& e : entries)
    content += field_size(entry_size(e));
  auto* begin = memory.allocate(field_size(content));
  auto* out = put_head(begin, number::map, content);
  for (const auto& e : entries) {
    out = put_head(out, 1, entry_size(e));
    out = put_field(put_field(out, 1, e.first), 2, e.second);
  }
  return {begin, static_cast<std::size_t>(out - begin)};
}

std::string_view wrap_array(arena& memory, std::string_view body) {
  return make_field(memory, number::array, body);
}

std::string_view wrap_map(arena& memory, std::string_view body) {
  return make_field(memory, number::map, body);
}

namespace {

// A field of that number and fewer than 128 bytes at the front of `message`, which is taken off;
// null: it is something else.
std::string_view take_short(std::string_view& message, std::uint32_t number) noexcept {
  if (message.size() < 2
      || static_cast<unsigned char>(message[0]) != wire::make_tag(number, wire::type::bytes))
    return {};
  const std::size_t size = static_cast<unsigned char>(message[1]);
  if (size >= 0x80 || size > message.size() - 2)
    return {};
  const auto content = message.substr(2, size);
  message.remove_prefix(2 + size);
  return content;
}

} // namespace

map_entry read_entry(std::string_view key_value) noexcept {
  map_entry entry;
  // Nearly always: a key and a value, both short, and nothing else.
  auto rest = key_value;
  entry.key = take_short(rest, 1);
  entry.any = take_short(rest, 2);
  if (entry.key.data() != nullptr && entry.any.data() != nullptr && rest.empty())
    return entry;
  entry = {};
  wire::for_each_field(key_value, [&](const wire::field& f) {
    if (f.type != wire::type::bytes)
      return;
    if (f.number == 1)
      entry.key = f.bytes;
    else if (f.number == 2)
      entry.any = f.bytes;
  });
  return entry;
}

std::optional<std::string_view> find_entry(std::string_view map, std::string_view key) noexcept {
  wire::reader fields{map};
  while (const auto f = fields.next()) {
    if (f->number != 1 || f->type != wire::type::bytes)
      continue;
    if (const auto entry = read_entry(f->bytes); entry.key == key)
      return entry.any;
  }
  return std::nullopt;
}

std::optional<std::string_view> find_item(std::string_view array, std::uint64_t index) noexcept {
  wire::reader fields{array};
  while (const auto f = fields.next()) {
    if (f->number == 1 && f->type == wire::type::bytes && index-- == 0)
      return f->bytes;
  }
  return std::nullopt;
}

} // namespace weir::editing
