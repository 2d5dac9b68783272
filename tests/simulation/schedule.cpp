#include "schedule.hpp"

#include <iterator>

namespace weir::simulation {

void schedule::advance(steady_ns until) {
  while (!timers_.empty() && timers_.begin()->first <= until) {
    const auto next = timers_.begin();
    now_ = std::max(now_, next->first);
    const auto call = std::move(next->second);
    timers_.erase(next);
    call();
  }
  now_ = std::max(now_, until);
}

void schedule::step() {
  if (links_.empty()) {
    if (!timers_.empty())
      advance(timers_.begin()->first);
    return;
  }
  const auto link =
      std::next(links_.begin(), static_cast<std::ptrdiff_t>(random_() % links_.size()));
  const auto next = std::move(link->second.front());
  note(fmt::format("{}: {}", link->first, next.text));
  link->second.pop_front();
  if (link->second.empty())
    links_.erase(link);
  next.deliver();
}

} // namespace weir::simulation
