#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

// Bounds that the parts of delivery share.
namespace weir::backends {

/// Requests that gave their place to fresh ones, beside num_consumers.
inline constexpr std::size_t max_parked = 64;
/// Letters that wait to be written.
inline constexpr std::size_t max_letters = 64;
/// Pieces of blocks in requests and letters: with more, no fresh request is formed.
inline constexpr std::size_t max_pieces = 8 << 10;

/// A request that failed so often while others got through is the trouble itself.
inline constexpr unsigned parked_attempts = 3;

/// 0 in a configuration: no limit.
constexpr std::uint64_t or_no_limit(std::uint64_t limit) noexcept {
  return limit == 0 ? std::numeric_limits<std::uint64_t>::max() : limit;
}

} // namespace weir::backends
