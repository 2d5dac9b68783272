// What has waited, and what is live.
#include "backends/delivery.hpp"

#include <algorithm>
#include <cmath>

namespace weir::backends {

namespace {

// With more of them not read, what was live has waited.
constexpr std::uint64_t live_blocks = 32;
// Ranges that are not read; with more, what is live goes in turn.
constexpr std::size_t max_unread_ranges = 256;
// Turns that the backlog may have had, and had not.
constexpr double max_turns = 8;

} // namespace

void delivery::reaches(log_position next) {
  if (!log_next_)
    live_from_ = next;
  log_next_ = next;
  if (unread_.blocks(live_from_, next) > live_blocks
      && unread_.ranges().size() < max_unread_ranges) {
    live_from_ = next;
    if (!in_turn())
      move_to_backlog();
  }
}

// What was read of what was live.
void delivery::move_to_backlog() {
  const bool newest = options_.drain.order == drain_order::newest_first;
  for (auto& block : live_.blocks)
    if (newest)
      backlog_.blocks.push_front(block);
    else
      backlog_.blocks.push_back(block);
  backlog_.items += live_.items;
  backlog_.bytes += live_.bytes;
  live_ = {};
}

delivery::fresh_lane& delivery::lane_of(log_position block) noexcept {
  return in_turn() || !is_backlog(block) ? live_ : backlog_;
}

bool delivery::wants(const fresh_lane& lane) const noexcept {
  return lane.bytes < enough_fresh_bytes();
}

std::optional<log_position> delivery::next_block() const {
  const auto end = log_next_.value_or(0);
  if (in_turn())
    return wants(live_) ? unread_.next(0, end) : std::nullopt;
  if (wants(live_))
    if (const auto found = unread_.next(live_from_, end))
      return found;
  if (!wants(backlog_))
    return std::nullopt;
  return options_.drain.order == drain_order::newest_first ? unread_.last(live_from_)
                                                           : unread_.next(0, live_from_);
}

bool delivery::is_behind() const {
  return unread_.next(in_turn() ? 0 : live_from_, log_next_.value_or(0)).has_value();
}

std::uint32_t delivery::backlog_share(std::uint32_t requests) const noexcept {
  if (in_turn())
    return requests;
  return std::max(1U, static_cast<std::uint32_t>(std::floor(requests * options_.drain.share)));
}

bool delivery::backlog_may_go() const noexcept {
  return backlog_in_flight_ < backlog_share(places());
}

// What is live goes first, until the backlog has turns to make up for.
delivery::fresh_lane* delivery::ready_lane(steady_ns now) {
  const bool live = fresh_ready(live_, now);
  const bool backlog = fresh_ready(backlog_, now) && (down_ || backlog_may_go());
  if (live && backlog)
    return backlog_turns_ >= 1 ? &backlog_ : &live_;
  return live ? &live_ : backlog ? &backlog_ : nullptr;
}

void delivery::take_turn(const open_request& request, steady_ns now) {
  const auto share = options_.drain.share;
  if (!request.backlog) {
    if (!backlog_.blocks.empty())
      backlog_turns_ = std::min(max_turns, backlog_turns_ + (share < 1 ? share / (1 - share) : 1));
    return;
  }
  ++backlog_in_flight_;
  backlog_turns_ = std::max(0.0, backlog_turns_ - 1);
  pace_.spend(request.plan.bytes, now);
}

} // namespace weir::backends
