#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <mutex>
#include <vector>

namespace weir::sampling {

/// The composite policy's rates: each share may take so many spans in each whole second; what one
/// does not use is not given to another. Any thread.
class rate_shares {
public:
  /// `spans_per_second` by share; a trace over `max_total` never fits.
  rate_shares(std::vector<std::int64_t> spans_per_second, std::int64_t max_total);

  bool spend(std::size_t share, std::uint32_t spans, steady_ns now);

private:
  std::mutex mutex_;
  std::vector<std::int64_t> limits_;
  std::vector<std::int64_t> used_;
  std::int64_t max_total_;
  std::int64_t second_ = -1;
};

} // namespace weir::sampling
