#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

namespace weir::net {

/// How long to leave alone what failed: 100 ms, then 1.6 times as long each time, up to a limit,
/// with a fifth of jitter. Pure: `now` and the random numbers come from outside.
class retry_pause {
public:
  explicit retry_pause(std::chrono::milliseconds most) : most_(most) {}

  /// `jitter`: from -1 to 1. `at_least`: what the other side asked for.
  void failed(steady_ns now, double jitter, std::chrono::milliseconds at_least = {}) {
    const auto grown = first_ms * std::pow(growth, failures_++);
    const auto pause =
        std::min(grown, static_cast<double>(most_.count())) * (1 + jitter * jitter_share);
    const auto wanted = std::max(pause, static_cast<double>(at_least.count()));
    until_ = now + static_cast<steady_ns>(wanted * static_cast<double>(millisecond_ns));
  }
  void failed(steady_ns now, std::chrono::milliseconds at_least = {}) {
    thread_local std::minstd_rand random{std::random_device{}()};
    failed(now, std::uniform_real_distribution<>(-1, 1)(random), at_least);
  }

  void succeeded() noexcept {
    failures_ = 0;
    until_ = 0;
  }

  bool over(steady_ns now) const noexcept { return now >= until_; }
  steady_ns until() const noexcept { return until_; } ///< 0: not in a pause.

private:
  static constexpr double first_ms = 100, growth = 1.6, jitter_share = 0.2;
  std::chrono::milliseconds most_;
  int failures_ = 0;
  steady_ns until_ = 0;
};

} // namespace weir::net
