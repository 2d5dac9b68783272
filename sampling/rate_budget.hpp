#pragma once

#include "core/clock.hpp"
#include "sampling/cost_meter.hpp"

#include <cstdint>
#include <mutex>

namespace weir::sampling {

/// A token bucket: `rate` tokens a second flow in, at most `burst` are kept, it starts full. What
/// does not fit leaves it untouched. Any thread: the samplers of a node spend from the same one.
///
/// A node that has a share of a cluster's budget gets that share of the rate, and of the burst, but
/// of that at least some traces' worth. What costs more than its part of the burst is taken from a
/// full bucket, which is in debt then, as on one node such a trace would fit.
class rate_budget {
public:
  rate_budget(double rate, double burst);

  /// Takes `amount` tokens if they are there. Time never runs backwards: an earlier `now` adds
  /// nothing.
  bool spend(std::uint64_t amount, steady_ns now);

  /// Another share of a cluster-wide rate, from now on, in (0, 1]; 1, the one that it begins with,
  /// is all of it. Tokens above the new burst are lost.
  void set_share(double share, steady_ns now);

  double available(steady_ns now);

  /// Tokens a second of a whole share.
  double rate() const noexcept { return rate_; }

  /// Tokens that were asked for since it was made, given or not; not what never fits.
  double asked() const;

private:
  void refill(steady_ns now);

  mutable std::mutex mutex_;
  const double rate_;
  const double burst_;
  double flow_;   ///< Its share of the rate.
  double most_;   ///< And of the burst.
  double tokens_; ///< Below 0: debt.
  steady_ns last_ = 0;
  bool started_ = false;
  cost_meter meter_;
};

} // namespace weir::sampling
