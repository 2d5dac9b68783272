#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

// UTF-8. Source: RFC 3629.
namespace weir {

/// Whether a byte goes on with a character that an earlier one began.
constexpr bool continues_utf8(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

/// What a text begins with.
struct utf8_sequence {
  std::size_t length = 0; ///< Of a well-formed sequence; 0: it begins with none.
  std::size_t broken = 0; ///< Then: how many bytes looked like one, at least 1.
};

/// Overlong forms, surrogates and what lies beyond U+10FFFF are not well-formed. @pre not empty
utf8_sequence first_utf8(std::string_view text) noexcept;

/// Calls `put(char)` for each byte of a code point. @pre below 2^21
template <class Put>
void encode_utf8(std::uint32_t point, Put&& put) {
  const auto tail = [&](unsigned shift) { put(static_cast<char>(0x80 | (point >> shift & 0x3f))); };
  if (point < 0x80) {
    put(static_cast<char>(point));
  } else if (point < 0x800) {
    put(static_cast<char>(0xc0 | point >> 6));
    tail(0);
  } else if (point < 0x10000) {
    put(static_cast<char>(0xe0 | point >> 12));
    tail(6);
    tail(0);
  } else {
    put(static_cast<char>(0xf0 | point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

inline void append_utf8(std::string& out, std::uint32_t point) {
  encode_utf8(point, [&out](char byte) { out.push_back(byte); });
}

} // namespace weir
