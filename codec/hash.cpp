#include "codec/hash.hpp"

#include <random>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace weir::codec {

std::uint64_t xxh3(std::string_view bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

hash_128 xxh3_128(std::string_view bytes) noexcept {
  const auto made = XXH3_128bits(bytes.data(), bytes.size());
  return {made.high64, made.low64};
}

std::uint64_t hash_in_memory(std::string_view bytes) noexcept {
  static const auto seed = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

partition partition_of(const trace_id& id) noexcept {
  return partition_of(xxh3(id.view()));
}

} // namespace weir::codec
