#pragma once

#include "core/ids.hpp"

#include <cstdint>
#include <string_view>

namespace weir::codec {

/// xxh3, 64 bits: checksums of what lies on disk, and partitions. Fixed for ever.
std::uint64_t xxh3(std::string_view bytes) noexcept;

/// 128 bits, in two halves.
struct hash_128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
};

/// xxh3 with 128 bits.
hash_128 xxh3_128(std::string_view bytes) noexcept;

/// xxh3, 64 bits, under a seed that each process draws anew: for tables in memory whose keys
/// clients choose, who must not be able to make them all meet. Never on disk.
std::uint64_t hash_in_memory(std::string_view bytes) noexcept;

/// The partition of a trace: `xxh3(trace_id) % 4096`.
partition partition_of(const trace_id& id) noexcept;
/// The same where the hash is known.
constexpr partition partition_of(std::uint64_t hash) noexcept {
  return static_cast<partition>(hash % partition_count);
}

} // namespace weir::codec
