#pragma once

#include "backends/config.hpp"
#include "core/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <random>

namespace weir::backends {

/// Growing pauses with jitter, as `retry_on_failure` asks for them. Pure: the seed decides.
class backoff {
public:
  backoff(const retry_config& config, std::uint64_t seed) : config_(config), random_(seed) {}

  /// The pause after the `failures`-th failure in a row (from 1 on): initial_interval, each time
  /// `multiplier` times as long up to max_interval, times 1 ± randomization_factor. `slow`: up to
  /// ten times max_interval.
  steady_ns pause(unsigned failures, bool slow = false) {
    auto interval = static_cast<double>(config_.initial_interval.count());
    const auto most = static_cast<double>(config_.max_interval.count()) * (slow ? 10 : 1);
    for (unsigned i = 1; i < failures && interval < most; ++i)
      interval *= std::max(1.0, config_.multiplier);
    const auto factor = std::clamp(config_.randomization_factor, 0.0, 1.0);
    const auto jitter = std::uniform_real_distribution<>(1 - factor, 1 + factor)(random_);
    return static_cast<steady_ns>(std::min(interval, most) * jitter * millisecond_ns);
  }

private:
  retry_config config_;
  std::mt19937_64 random_;
};

} // namespace weir::backends
