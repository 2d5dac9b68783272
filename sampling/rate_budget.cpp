#include "sampling/rate_budget.hpp"

#include <algorithm>

namespace weir::sampling {

rate_budget::rate_budget(double rate, double burst) : rate_(rate), burst_(burst), tokens_(burst) {}

void rate_budget::refill(steady_ns now) {
  if (started_ && now <= last_)
    return;
  if (started_) {
    const auto elapsed = static_cast<double>(now - last_) / static_cast<double>(second_ns);
    tokens_ = std::min(burst_, tokens_ + elapsed * rate_);
  }
  started_ = true;
  last_ = now;
}

bool rate_budget::spend(std::uint64_t amount, steady_ns now) {
  const std::lock_guard lock(mutex_);
  refill(now);
  const auto wanted = static_cast<double>(amount);
  if (wanted > burst_ || wanted > tokens_)
    return false;
  tokens_ -= wanted;
  return true;
}

void rate_budget::resize(double rate, double burst, steady_ns now) {
  const std::lock_guard lock(mutex_);
  refill(now);
  rate_ = rate;
  burst_ = burst;
  tokens_ = std::min(tokens_, burst_);
}

double rate_budget::available(steady_ns now) {
  const std::lock_guard lock(mutex_);
  refill(now);
  return tokens_;
}

} // namespace weir::sampling
