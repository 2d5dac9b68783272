#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Varints in block bodies: seven bits a byte, low bits first, at most ten bytes.
namespace weir::codec {

inline void put_varint(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7)
    out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

/// Takes a varint off the front of `bytes`. False, with `bytes` in any state, where there is none.
inline bool take_varint(std::string_view& bytes, std::uint64_t& value) noexcept {
  value = 0;
  for (unsigned shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(bytes.front());
    bytes.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80)
      return true;
  }
  return false;
}

/// Signed differences as small varints; wraps, so that any two numbers have one.
constexpr std::uint64_t zigzag(std::uint64_t difference) noexcept {
  return difference << 1 ^ (difference >> 63 ? ~std::uint64_t{0} : 0);
}

constexpr std::uint64_t unzigzag(std::uint64_t value) noexcept {
  return value >> 1 ^ (value & 1 ? ~std::uint64_t{0} : 0);
}

} // namespace weir::codec
