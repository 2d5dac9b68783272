#include "stages/log_tail.hpp"

namespace weir::stages {

std::uint64_t log_tail::subscribe(std::function<void()> wake) {
  const std::lock_guard guard(mutex_);
  subscribers_.emplace(next_subscription_, std::move(wake));
  return next_subscription_++;
}

void log_tail::unsubscribe(std::uint64_t subscription) {
  const std::lock_guard guard(mutex_);
  subscribers_.erase(subscription);
}

void log_tail::append(log_block block) {
  const std::lock_guard guard(mutex_);
  next_ = block.position + 1;
  bytes_ += block.body.size();
  newest_.push_back(std::move(block));
  while (bytes_ > budget_ && newest_.size() > 1) {
    bytes_ -= newest_.front().body.size();
    newest_.pop_front();
  }
  for (const auto& [subscription, wake] : subscribers_)
    wake();
}

log_position log_tail::next() const {
  const std::lock_guard guard(mutex_);
  return next_;
}

std::optional<log_block> log_tail::find(log_position position) const {
  const std::lock_guard guard(mutex_);
  if (newest_.empty() || position < newest_.front().position || position >= next_)
    return std::nullopt;
  return newest_[position - newest_.front().position];
}

} // namespace weir::stages
