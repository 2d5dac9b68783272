#pragma once

#include "core/clock.hpp"
#include "net/config.hpp"

namespace weir::net {

/// When a body began to come, and how much of it has.
struct body_progress {
  steady_ns begun = 0;
  steady_ns last_piece = 0;
  std::uint64_t bytes = 0;
};

/// Whether a body comes too slowly: it pauses longer than `body_timeout`, or it has had that much
/// time and what its bytes may take at `min_body_rate`. Pure.
inline bool is_too_slow(const body_progress& body, const server_limits& limits,
                        steady_ns now) noexcept {
  const auto pause = limits.body_timeout.count() * millisecond_ns;
  if (now - body.last_piece > pause)
    return true;
  if (limits.min_body_rate == 0)
    return false;
  const auto allowed = static_cast<double>(body.bytes) / static_cast<double>(limits.min_body_rate);
  return now - body.begun > pause + static_cast<steady_ns>(allowed * second_ns);
}

/// How long a connection that has made no good request may be idle.
inline steady_ns first_request_time(const server_limits& limits) noexcept {
  return limits.first_request_timeout.count() * millisecond_ns;
}

} // namespace weir::net
