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

/// Bytes a second that a body brings at least, once `body_timeout` has passed.
inline constexpr std::int64_t least_body_rate = 1 << 10;

/// Whether a body comes too slowly: it pauses longer than `body_timeout`, or it has had that much
/// time and what its bytes may take at the least rate. Pure.
inline bool is_too_slow(const body_progress& body, const server_limits& limits,
                        steady_ns now) noexcept {
  const auto pause = limits.body_timeout.count() * millisecond_ns;
  const auto allowed = static_cast<std::int64_t>(body.bytes) * (second_ns / least_body_rate);
  return now - body.last_piece > pause || now - body.begun > pause + allowed;
}

/// How long a connection that has made no good request may be idle: many times as long as it may
/// take to say which protocol it speaks.
inline steady_ns first_request_time(const server_limits& limits) noexcept {
  return 12 * limits.handshake_timeout.count() * millisecond_ns;
}

} // namespace weir::net
