#include "sampling/rate_share.hpp"

#include <algorithm>

namespace weir::sampling {

rate_shares::rate_shares(std::vector<std::int64_t> spans_per_second, std::int64_t max_total)
    : limits_(std::move(spans_per_second)), used_(limits_.size()), max_total_(max_total) {}

bool rate_shares::spend(std::size_t share, std::uint32_t spans, steady_ns now) {
  const std::lock_guard lock(mutex_);
  if (const auto second = now / second_ns; second > second_) {
    second_ = second;
    std::fill(used_.begin(), used_.end(), 0);
  }
  const auto wanted = used_[share] + static_cast<std::int64_t>(spans);
  if (wanted > limits_[share] || wanted > max_total_)
    return false;
  used_[share] = wanted;
  return true;
}

} // namespace weir::sampling
