#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

// The little of protobuf's wire format that a load tool needs. Kept apart from otlp/, so that what
// judges the node does not share the node's parser.
namespace weir::load {

static_assert(std::endian::native == std::endian::little, "fixed64 is patched in place");

/// One field of a message. `bytes` is the content of a length-delimited field, or the 8 or 4 bytes
/// of a fixed one; it points into the message.
struct wire_field {
  enum type : std::uint8_t { varint = 0, fixed64 = 1, length = 2, fixed32 = 5 };
  std::uint32_t number = 0;
  std::uint8_t wire_type = varint;
  std::uint64_t value = 0;
  std::string_view bytes;
  std::string_view whole; ///< With tag and length.
};

/// Walks the fields of one message.
class wire_reader {
public:
  explicit wire_reader(std::string_view message) : rest_(message) {}

  /// The next field; false at the end, and when the bytes are no message (failed() then).
  bool next(wire_field& field) {
    if (rest_.empty() || failed_)
      return false;
    const auto* const start = rest_.data();
    std::uint64_t tag = 0;
    failed_ = !varint(tag) || !content(field, static_cast<std::uint8_t>(tag & 7));
    field.number = static_cast<std::uint32_t>(tag >> 3);
    field.whole = {start, static_cast<std::size_t>(rest_.data() - start)};
    return !failed_;
  }

  bool failed() const noexcept { return failed_; }

private:
  bool varint(std::uint64_t& out) {
    out = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      const auto byte = static_cast<std::uint8_t>(rest_.front());
      rest_.remove_prefix(1);
      out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80)
        return true;
    }
    return false;
  }

  bool take(std::size_t count, std::string_view& out) {
    if (rest_.size() < count)
      return false;
    out = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return true;
  }

  bool content(wire_field& field, std::uint8_t type) {
    field.wire_type = type;
    std::uint64_t size = 0;
    switch (type) {
    case wire_field::varint:
      return varint(field.value);
    case wire_field::fixed64:
      return take(8, field.bytes);
    case wire_field::length:
      return varint(size) && take(size, field.bytes);
    case wire_field::fixed32:
      return take(4, field.bytes);
    default:
      return false;
    }
  }

  std::string_view rest_;
  bool failed_ = false;
};

inline std::uint64_t load_fixed64(const char* next) {
  std::uint64_t value = 0;
  std::memcpy(&value, next, sizeof value);
  return value;
}

inline void store_fixed64(char* next, std::uint64_t value) {
  std::memcpy(next, &value, sizeof value);
}

inline void put_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

inline void put_uint(std::string& out, std::uint32_t number, std::uint64_t value) {
  put_varint(out, number << 3U);
  put_varint(out, value);
}

inline void put_fixed64(std::string& out, std::uint32_t number, std::uint64_t value) {
  put_varint(out, number << 3U | wire_field::fixed64);
  char raw[8];
  store_fixed64(raw, value);
  out.append(raw, sizeof raw);
}

inline void put_bytes(std::string& out, std::uint32_t number, std::string_view bytes) {
  put_varint(out, number << 3U | wire_field::length);
  put_varint(out, bytes.size());
  out.append(bytes);
}

} // namespace weir::load
