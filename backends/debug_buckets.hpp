#pragma once

#include "backends/message_view.hpp"

#include <vector>

namespace weir::backends {

/// The buckets of an ExponentialHistogramDataPoint: bucket i of `positive` ends at
/// exp((offset + i + 1) * factor).
struct exponential_buckets {
  double factor = 0;
  double negative_offset = 0, positive_offset = 0;
  std::vector<std::uint64_t> negative, positive;
  std::uint64_t zero_count = 0;
};

exponential_buckets read_exponential(message_view data_point);

} // namespace weir::backends
