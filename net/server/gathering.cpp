#include "net/server/gathering.hpp"

#include <iterator>

namespace weir::net {

gathering::gathering(otlp_server::handler handler, std::chrono::microseconds pause,
                     std::uint64_t enough)
    : handler_(std::move(handler)), pause_(std::chrono::nanoseconds(pause).count()),
      enough_(enough), pattern_(pause_) {}

// @pre the lock is held
std::vector<otlp_request> gathering::take(steady_ns now) {
  next_ = now + pause_;
  bytes_ = 0;
  wait_end_ = 0;
  pattern_.handed_over();
  return std::exchange(gathered_, {});
}

std::optional<steady_ns> gathering::add(std::vector<otlp_request>& complete, steady_ns now) {
  std::unique_lock lock(mutex_);
  const bool was_probing = pattern_.is_probing();
  for (const auto& request : complete) {
    bytes_ += request.body.size();
    pattern_.came(request.connection, now);
  }
  if (gathered_.empty())
    gathered_.swap(complete);
  else
    gathered_.insert(gathered_.end(), std::make_move_iterator(complete.begin()),
                     std::make_move_iterator(complete.end()));
  complete.clear();
  if (pattern_.is_probing() && !was_probing)
    next_ = now + pause_ + pause_ / 2; // So that more is seen than comes within one.
  if (now < next_ && bytes_ < enough_ && (pattern_.is_probing() || pattern_.more_is_coming())) {
    wait_end_ = went_early_ ? 0 : next_;
    return std::exchange(asked_, true) ? std::nullopt : std::optional(next_);
  }
  went_early_ = went_early_ || now < next_;
  auto all = take(now);
  lock.unlock();
  handler_(std::move(all));
  return std::nullopt;
}

void gathering::left(std::uint64_t connection) {
  const std::lock_guard lock(mutex_);
  pattern_.left(connection);
}

std::optional<steady_ns> gathering::on_time(steady_ns now) {
  std::unique_lock lock(mutex_);
  if (asked_ = !gathered_.empty() && now < next_; asked_)
    return next_;
  if (gathered_.empty())
    return std::nullopt;
  went_early_ = false;
  auto all = take(now);
  lock.unlock();
  handler_(std::move(all));
  return std::nullopt;
}

} // namespace weir::net
