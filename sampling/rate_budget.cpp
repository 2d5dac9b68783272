#include "sampling/rate_budget.hpp"

#include <algorithm>

namespace weir::sampling {

rate_budget::rate_budget(double rate, double burst)
    : rate_(rate), burst_(burst), flow_(rate), most_(burst), tokens_(burst) {}

void rate_budget::refill(steady_ns now) {
  if (started_ && now <= last_)
    return;
  if (started_) {
    const auto elapsed = static_cast<double>(now - last_) / static_cast<double>(second_ns);
    tokens_ = std::min(most_, tokens_ + elapsed * flow_);
  }
  started_ = true;
  last_ = now;
}

bool rate_budget::spend(std::uint64_t amount, steady_ns now) {
  const std::lock_guard lock(mutex_);
  refill(now);
  const auto wanted = static_cast<double>(amount);
  if (wanted > burst_)
    return false;
  meter_.add(wanted);
  if (std::min(wanted, most_) > tokens_)
    return false;
  tokens_ -= wanted;
  return true;
}

void rate_budget::set_share(double share, steady_ns now) {
  const std::lock_guard lock(mutex_);
  refill(now);
  flow_ = share * rate_;
  most_ = std::min(burst_, std::max(share * burst_, saved_traces * meter_.take_mean()));
  tokens_ = std::min(tokens_, most_);
}

double rate_budget::available(steady_ns now) {
  const std::lock_guard lock(mutex_);
  refill(now);
  return tokens_;
}

double rate_budget::asked() const {
  const std::lock_guard lock(mutex_);
  return meter_.total();
}

} // namespace weir::sampling
