#pragma once

#include "app/config.hpp"

#include <cstdint>

namespace weir::app {

/// The least soft limit that a node works with: what it uses at rest, its smallest buffers, and room
/// for requests.
inline constexpr std::uint64_t least_memory_limit = 48 << 20;

/// The soft limit that a memory_limiter asks for, as the Collector computes it: bytes in use above
/// which clients are refused.
std::uint64_t soft_limit(const memory_limiter_config& limiter);

} // namespace weir::app
