#pragma once

#include "core/clock.hpp"
#include "sampling/cost_meter.hpp"

#include <cstdint>
#include <mutex>
#include <vector>

namespace weir::sampling {

/// The composite policy's rates: each part may take so many spans in each whole second; what one
/// does not use is not given to another. Any thread.
///
/// A node that has a share s of a cluster's rate gets s times as much each second, and may carry
/// over what it did not take, as its seconds are too short for traces to fit well; every 1/s
/// seconds, when it has had as much as one node has in one, what was too little for a trace is lost,
/// as it is there.
class rate_shares {
public:
  /// `spans_per_second` by part; a trace over `max_total` never fits.
  rate_shares(const std::vector<std::int64_t>& spans_per_second, std::int64_t max_total);

  bool spend(std::size_t part, std::uint32_t spans, steady_ns now);

  /// Another share of a part's cluster-wide rate, from the next second on, in (0, 1]; 1, the one
  /// that it begins with, is all of it.
  void set_share(std::size_t part, double share);

  /// Spans a second of a whole share.
  double rate(std::size_t part) const noexcept { return parts_[part].limit; }

  /// Spans that were asked for since it was made, given or not; not what never fits.
  double asked(std::size_t part) const;

private:
  struct part_state {
    double limit;
    double share = 1;
    double most = 0;      ///< That is carried.
    double given = 0;     ///< Of what one node has in a second.
    double left = 0;      ///< Below 0: a trace took more than the part had.
    bool refused = false; ///< Something did not fit since `given` began anew.
    cost_meter meter = {};

    void begin_seconds(std::int64_t seconds);
  };

  mutable std::mutex mutex_;
  std::vector<part_state> parts_;
  std::int64_t second_ = -1;
};

} // namespace weir::sampling
