#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

// The wire format of protocol buffers: the few primitives that everything by hand stands on.
// Source: protobuf.dev, "Encoding". Little-endian machines only.
namespace weir::otlp::wire {

static_assert(std::endian::native == std::endian::little);

/// How a field's value is laid out. 3 and 4 (groups) are not taken anywhere; 6 and 7 do not exist.
enum class type : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// Longest lengths in bytes of what is read. Protobuf's C++ parser refuses longer tags and lengths.
inline constexpr int max_varint_bytes = 10;
inline constexpr int max_tag_bytes = 5;
inline constexpr std::uint64_t max_length = 0x7fff'ffff;

constexpr std::uint32_t make_tag(std::uint32_t number, type t) noexcept {
  return number << 3 | static_cast<std::uint32_t>(t);
}

// Reading. Each function takes [p, end) and returns where it stopped, or nullptr on malformed
// bytes.

/// A varint of up to `limit` bytes; bits above 64 are dropped.
inline const char* read_varint_slow(const char* p, const char* end, std::uint64_t& value,
                                    int limit) noexcept {
  value = 0;
  for (int i = 0; i < limit && p < end; ++i) {
    const auto byte = static_cast<std::uint8_t>(*p++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80)
      return p;
  }
  return nullptr;
}

inline const char* read_varint(const char* p, const char* end, std::uint64_t& value) noexcept {
  if (p < end && static_cast<std::uint8_t>(*p) < 0x80) [[likely]] {
    value = static_cast<std::uint8_t>(*p);
    return p + 1;
  }
  return read_varint_slow(p, end, value, max_varint_bytes);
}

/// A tag: up to five bytes, below 2^32, field number not 0.
inline const char* read_tag(const char* p, const char* end, std::uint32_t& tag) noexcept {
  std::uint64_t value = 0;
  if (p < end && static_cast<std::uint8_t>(*p) < 0x80) [[likely]] {
    value = static_cast<std::uint8_t>(*p++);
  } else {
    p = read_varint_slow(p, end, value, max_tag_bytes);
  }
  tag = static_cast<std::uint32_t>(value);
  return value < 8 || value > 0xffff'ffff ? nullptr : p;
}

/// A length and the bytes it counts, which lie before `end`.
inline const char* read_bytes(const char* p, const char* end, std::string_view& bytes) noexcept {
  std::uint64_t length = 0;
  if (p < end && static_cast<std::uint8_t>(*p) < 0x80) [[likely]] {
    length = static_cast<std::uint8_t>(*p++);
  } else {
    p = read_varint_slow(p, end, length, max_tag_bytes);
    if (p == nullptr)
      return nullptr;
  }
  if (length > static_cast<std::uint64_t>(end - p))
    return nullptr;
  bytes = {p, static_cast<std::size_t>(length)};
  return p + length;
}

template <class T>
const char* read_fixed(const char* p, const char* end, T& value) noexcept {
  if (static_cast<std::size_t>(end - p) < sizeof(T))
    return nullptr;
  std::memcpy(&value, p, sizeof(T));
  return p + sizeof(T);
}

/// One field of a message, of any wire type.
struct field {
  std::uint32_t number = 0;
  wire::type type = wire::type::varint;
  std::uint64_t value = 0; ///< varint, fixed64 and fixed32.
  std::string_view bytes;  ///< bytes.

  double real() const noexcept { return std::bit_cast<double>(value); }
};

/// Reads tag and value. Groups are malformed.
inline const char* read_field(const char* p, const char* end, field& f) noexcept {
  std::uint32_t tag = 0;
  p = read_tag(p, end, tag);
  if (p == nullptr)
    return nullptr;
  f.number = tag >> 3;
  f.type = static_cast<type>(tag & 7);
  switch (f.type) {
  case type::varint:
    return read_varint(p, end, f.value);
  case type::fixed64:
    return read_fixed(p, end, f.value);
  case type::bytes:
    return read_bytes(p, end, f.bytes);
  case type::fixed32: {
    std::uint32_t value = 0;
    p = read_fixed(p, end, value);
    f.value = value;
    return p;
  }
  }
  return nullptr;
}

/// Calls `on_field(const field&)` for each field of a message; false when it ended at malformed
/// bytes.
template <class OnField>
bool for_each_field(std::string_view message, OnField&& on_field) {
  const char* p = message.data();
  const char* end = p + message.size();
  field f;
  while (p < end) {
    p = read_field(p, end, f);
    if (p == nullptr)
      return false;
    on_field(static_cast<const field&>(f));
  }
  return true;
}

/// The same step by step: `while (auto f = r.next()) …; if (r.malformed()) …`.
class reader {
public:
  explicit reader(std::string_view message) noexcept
      : next_(message.data()), end_(message.data() + message.size()) {}

  /// The next field, or nothing at the end and on malformed bytes.
  std::optional<field> next() noexcept {
    if (next_ == end_ || malformed_)
      return std::nullopt;
    field f;
    const char* after = read_field(next_, end_, f);
    if (after == nullptr) {
      malformed_ = true;
      return std::nullopt;
    }
    next_ = after;
    return f;
  }

  bool malformed() const noexcept { return malformed_; }

  /// Where the next field begins (or the malformed one).
  const char* at() const noexcept { return next_; }

private:
  const char* next_;
  const char* end_;
  bool malformed_ = false;
};

constexpr std::uint64_t zigzag(std::int64_t value) noexcept {
  return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::int64_t unzigzag(std::uint64_t value) noexcept {
  return static_cast<std::int64_t>(value >> 1 ^ (0 - (value & 1)));
}

// Writing.

/// Bytes that a varint takes: 1 to 10.
constexpr std::size_t varint_size(std::uint64_t value) noexcept {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

/// Writes a varint at `out` and returns where it ends. @pre varint_size(value) bytes of room
inline char* put_varint(char* out, std::uint64_t value) noexcept {
  for (; value >= 0x80; value >>= 7)
    *out++ = static_cast<char>(value | 0x80);
  *out++ = static_cast<char>(value);
  return out;
}

inline void append_varint(std::string& out, std::uint64_t value) {
  char buffer[max_varint_bytes];
  out.append(buffer, static_cast<std::size_t>(put_varint(buffer, value) - buffer));
}

inline void append_tag(std::string& out, std::uint32_t number, type t) {
  append_varint(out, make_tag(number, t));
}

template <class T>
void append_fixed(std::string& out, T value) {
  char buffer[sizeof(T)];
  std::memcpy(buffer, &value, sizeof(T));
  out.append(buffer, sizeof(T));
}

// Whole fields: tag and value.

inline void append_varint_field(std::string& out, std::uint32_t number, std::uint64_t value) {
  append_tag(out, number, type::varint);
  append_varint(out, value);
}

inline void append_fixed64_field(std::string& out, std::uint32_t number, std::uint64_t value) {
  append_tag(out, number, type::fixed64);
  append_fixed(out, value);
}

inline void append_fixed32_field(std::string& out, std::uint32_t number, std::uint32_t value) {
  append_tag(out, number, type::fixed32);
  append_fixed(out, value);
}

inline void append_double_field(std::string& out, std::uint32_t number, double value) {
  append_fixed64_field(out, number, std::bit_cast<std::uint64_t>(value));
}

/// Strings, bytes and messages.
inline void append_bytes_field(std::string& out, std::uint32_t number, std::string_view bytes) {
  append_tag(out, number, type::bytes);
  append_varint(out, bytes.size());
  out.append(bytes);
}

} // namespace weir::otlp::wire
