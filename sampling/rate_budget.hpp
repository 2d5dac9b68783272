#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <mutex>

namespace weir::sampling {

/// A token bucket: `rate` tokens a second flow in, at most `burst` are kept, it starts full. What
/// does not fit leaves it untouched. Any thread: the samplers of a node spend from the same one.
class rate_budget {
public:
  rate_budget(double rate, double burst);

  /// Takes `amount` tokens if they are there. Time never runs backwards: an earlier `now` adds
  /// nothing.
  bool spend(std::uint64_t amount, steady_ns now);

  /// Another share of a cluster-wide rate, from now on; tokens above the new burst are lost.
  void resize(double rate, double burst, steady_ns now);

  double available(steady_ns now);

private:
  void refill(steady_ns now);

  std::mutex mutex_;
  double rate_;
  double burst_;
  double tokens_;
  steady_ns last_ = 0;
  bool started_ = false;
};

} // namespace weir::sampling
