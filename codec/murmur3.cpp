#include "codec/murmur3.hpp"

#include <bit>

namespace weir::codec {

namespace {

/// Up to 8 bytes, the first one lowest.
std::uint64_t read_little_endian(std::string_view bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value |= std::uint64_t{static_cast<std::uint8_t>(bytes[i])} << 8 * i;
  return value;
}

std::uint32_t scramble_32(std::uint32_t block) noexcept {
  return std::rotl(block * 0xcc9e'2d51U, 15) * 0x1b87'3593U;
}

constexpr std::uint64_t first_factor = 0x87c3'7b91'1142'53d5;
constexpr std::uint64_t second_factor = 0x4cf5'ad43'2745'937f;

std::uint64_t scramble_low(std::uint64_t block) noexcept {
  return std::rotl(block * first_factor, 31) * second_factor;
}

std::uint64_t scramble_high(std::uint64_t block) noexcept {
  return std::rotl(block * second_factor, 33) * first_factor;
}

std::uint64_t finish_64(std::uint64_t hash) noexcept {
  hash = (hash ^ hash >> 33) * 0xff51'afd7'ed55'8ccd;
  hash = (hash ^ hash >> 33) * 0xc4ce'b9fe'1a85'ec53;
  return hash ^ hash >> 33;
}

} // namespace

std::uint32_t murmur3_32(std::string_view bytes) noexcept {
  std::uint32_t hash = 0;
  auto rest = bytes;
  for (; rest.size() >= 4; rest.remove_prefix(4)) {
    hash ^= scramble_32(static_cast<std::uint32_t>(read_little_endian(rest.substr(0, 4))));
    hash = std::rotl(hash, 13) * 5 + 0xe654'6b64U;
  }
  hash ^= scramble_32(static_cast<std::uint32_t>(read_little_endian(rest)));
  hash ^= static_cast<std::uint32_t>(bytes.size());
  hash = (hash ^ hash >> 16) * 0x85eb'ca6bU;
  hash = (hash ^ hash >> 13) * 0xc2b2'ae35U;
  return hash ^ hash >> 16;
}

hash_128 murmur3_128(std::string_view bytes) noexcept {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  auto rest = bytes;
  for (; rest.size() >= 16; rest.remove_prefix(16)) {
    low ^= scramble_low(read_little_endian(rest.substr(0, 8)));
    low = (std::rotl(low, 27) + high) * 5 + 0x52dc'e729;
    high ^= scramble_high(read_little_endian(rest.substr(8, 8)));
    high = (std::rotl(high, 31) + low) * 5 + 0x3849'5ab5;
  }
  if (rest.size() > 8)
    high ^= scramble_high(read_little_endian(rest.substr(8)));
  low ^= scramble_low(read_little_endian(rest.substr(0, 8)));
  low ^= bytes.size();
  high ^= bytes.size();
  low += high;
  high += low;
  low = finish_64(low);
  high = finish_64(high);
  low += high;
  high += low;
  return {.high = high, .low = low};
}

} // namespace weir::codec
