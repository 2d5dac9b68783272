#pragma once

#include <chrono>
#include <cstdint>

namespace weir {

/// Nanoseconds on the steady clock: for waits, ages and deadlines. Pure code takes it as an
/// argument.
using steady_ns = std::int64_t;

/// Nanoseconds since 1970 on the wall clock: for what people and other machines read.
using unix_ns = std::uint64_t;

inline steady_ns steady_now() noexcept {
  return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
}

inline unix_ns unix_now() noexcept {
  return static_cast<unix_ns>(std::chrono::system_clock::now().time_since_epoch()
                              / std::chrono::nanoseconds{1});
}

/// One moment on both clocks, as a stage is told of it with each message.
struct moment {
  steady_ns steady = 0;
  unix_ns wall = 0;

  static moment now() noexcept { return {steady_now(), unix_now()}; }
};

inline constexpr steady_ns second_ns = 1'000'000'000;
inline constexpr steady_ns millisecond_ns = 1'000'000;

} // namespace weir
