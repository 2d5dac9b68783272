#include "sampling/rate_share.hpp"

#include <algorithm>

namespace weir::sampling {

namespace {

constexpr double rounding = 1e-6;
/// After so many seconds whatever was before is of no account.
constexpr std::int64_t most_seconds = 4096;

} // namespace

rate_shares::rate_shares(const std::vector<std::int64_t>& spans_per_second,
                         std::int64_t max_total) {
  for (const auto limit : spans_per_second)
    parts_.push_back({static_cast<double>(std::min(limit, max_total))});
}

void rate_shares::part_state::begin_seconds(std::int64_t seconds) {
  if (share >= 1) {
    left = limit;
    given = 1;
    return;
  }
  for (auto count = std::min(seconds, most_seconds); count > 0; --count) {
    if (given >= 1 - rounding) {
      given = std::max(0.0, given - 1);
      if (std::exchange(refused, false))
        left = std::min(left, given * limit);
    }
    given += share;
    left = std::min(most, left + share * limit);
  }
}

bool rate_shares::spend(std::size_t part, std::uint32_t spans, steady_ns now) {
  const std::lock_guard lock(mutex_);
  if (const auto second = now / second_ns; second > second_) {
    for (auto& each : parts_)
      each.begin_seconds(second - second_);
    second_ = second;
  }
  auto& own = parts_[part];
  const auto wanted = static_cast<double>(spans);
  if (wanted > own.limit)
    return false;
  own.meter.add(wanted);
  if ((own.share < 1 ? std::min(wanted, own.most) : wanted) > own.left + rounding) {
    own.refused = true;
    return false;
  }
  own.left -= wanted;
  return true;
}

void rate_shares::set_share(std::size_t part, double share) {
  const std::lock_guard lock(mutex_);
  auto& own = parts_[part];
  own.share = share;
  const auto saved = std::max(2 * share * own.limit, saved_traces * own.meter.take_mean());
  own.most = std::min(own.limit, saved);
}

double rate_shares::asked(std::size_t part) const {
  const std::lock_guard lock(mutex_);
  return parts_[part].meter.total();
}

} // namespace weir::sampling
