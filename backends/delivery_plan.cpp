// What delivery sends next, and when.
#include "backends/delivery.hpp"
#include "backends/delivery_impl.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::backends {

namespace {

// Blocks that come close to this go alone: one that is passed on as it is need not be copied.
constexpr std::uint64_t combined_bytes = 1 << 20;
// What is read ahead of what is sent lies between these, whatever a request may hold.
constexpr std::uint64_t least_fresh_bytes = 4 << 20;
constexpr std::uint64_t most_fresh_bytes = 64 << 20;

} // namespace

std::uint64_t delivery::enough_fresh_bytes() const noexcept {
  return std::clamp(bytes_limit(), least_fresh_bytes, most_fresh_bytes);
}

// Nothing is sent before.
steady_ns delivery::quiet_until() const noexcept {
  return down_ ? std::max(probe_at_, wish_until_) : wish_until_;
}

std::uint64_t delivery::bytes_limit() const noexcept {
  const auto configured = or_no_limit(options_.batch.max_bytes);
  return learned_.bytes() == 0 ? configured : std::min(configured, learned_.bytes());
}

std::optional<steady_ns> delivery::fresh_due(const fresh_lane& lane) const noexcept {
  if (lane.blocks.empty())
    return std::nullopt;
  const auto& b = options_.batch;
  const bool enough = lane.items >= b.min_items && lane.bytes >= b.min_bytes;
  const bool full = enough || lane.bytes >= enough_fresh_bytes() || lane.bytes >= bytes_limit()
                    || (b.max_items != 0 && lane.items >= b.max_items);
  const auto since = lane.blocks.front().since;
  const auto due = full ? since : since + b.timeout.count() * millisecond_ns;
  return is_backlog(lane.blocks.front().position) ? std::max(due, pace_.due()) : due;
}

// Whether there is a place for another request.
bool delivery::may_form(const fresh_lane& lane) const noexcept {
  const auto unsent = live_.blocks.size() + backlog_.blocks.size();
  if (unfinished_.size() - unsent >= max_pieces)
    return false;
  if (open_.size() >= options_.num_consumers + max_parked)
    return false;
  // Those that were tried in vain may be the trouble, all of them: then it takes another one to
  // see.
  const auto in_vain = [](const auto& entry) {
    return entry.second.plan.attempts >= parked_attempts;
  };
  if (down_)
    return open_.size() < options_.num_consumers
           || std::all_of(open_.begin(), open_.end(), in_vain);
  std::uint32_t held = 0;
  std::uint32_t held_by_backlog = 0;
  for (const auto& [id, r] : open_) {
    if (!r.in_flight && (r.plan.attempts >= parked_attempts || r.is_part))
      continue;
    ++held;
    held_by_backlog += r.backlog ? 1 : 0;
  }
  return held < options_.num_consumers
         && (!lane.backlog || held_by_backlog < backlog_share(options_.num_consumers));
}

bool delivery::fresh_ready(const fresh_lane& lane, steady_ns now) const noexcept {
  const auto due = fresh_due(lane);
  return due && *due <= now && may_form(lane);
}

void delivery::cut_front(fresh_lane& lane, std::uint64_t items, std::uint64_t bytes) {
  auto& block = lane.blocks.front();
  lane.items -= items;
  lane.bytes -= bytes;
  block.first += static_cast<std::uint32_t>(items);
  block.bytes -= bytes;
  if (block.first == block.last)
    lane.blocks.pop_front();
}

void delivery::take_fresh(fresh_lane& lane, item_set& items, std::uint64_t max_items,
                          std::uint64_t max_bytes) {
  const auto& block = lane.blocks.front();
  const std::uint64_t have = block.last - block.first;
  auto take = std::min(have, max_items);
  if (block.bytes > max_bytes)
    take = std::min(take, std::max<std::uint64_t>(1, have * max_bytes / block.bytes));
  const auto bytes = block.bytes * take / have;
  const auto middle = block.first + static_cast<std::uint32_t>(take);
  items.ranges.push_back({block.position, block.first, middle});
  items.items += take;
  items.bytes += bytes;
  if (take < have)
    unfinished_.cut({block.position, middle});
  cut_front(lane, take, bytes);
}

delivery::open_map::iterator delivery::form(fresh_lane& lane) {
  const auto& b = options_.batch;
  const auto max_items = or_no_limit(b.max_items);
  const auto max_bytes = bytes_limit();
  open_request request;
  auto& plan = request.plan;
  plan.id = next_id_++;
  request.backlog = is_backlog(lane.blocks.front().position);
  take_fresh(lane, plan, max_items, max_bytes);
  while (!lane.blocks.empty() && plan.items < max_items) {
    const auto after = plan.bytes + lane.blocks.front().bytes;
    const bool enough = plan.items >= b.min_items && plan.bytes >= b.min_bytes;
    if (after > max_bytes || (after > combined_bytes && enough))
      break;
    take_fresh(lane, plan, max_items - plan.items, max_bytes - plan.bytes);
  }
  part_went_last_ = false;
  return open_.emplace(plan.id, std::move(request)).first;
}

// While down, the one that was tried least: a fresh one before those that failed.
delivery::open_map::iterator delivery::pick_while_down(steady_ns now) {
  if (auto* lane = ready_lane(now))
    return form(*lane);
  auto best = open_.end();
  for (auto it = open_.begin(); it != open_.end(); ++it)
    if (!it->second.in_flight
        && (best == open_.end() || it->second.plan.attempts < best->second.plan.attempts))
      best = it;
  return best;
}

delivery::open_map::iterator delivery::pick_waiting(steady_ns now) {
  const bool backlog_too = backlog_may_go() && pace_.due() <= now;
  return std::find_if(open_.begin(), open_.end(), [&](const auto& entry) {
    const auto& r = entry.second;
    return !r.in_flight && r.not_before <= now && (backlog_too || !r.backlog);
  });
}

delivery::open_map::iterator delivery::pick(steady_ns now) {
  if (down_)
    return pick_while_down(now);
  const auto waiting = pick_waiting(now);
  auto* const lane = ready_lane(now);
  if (waiting == open_.end())
    return lane != nullptr ? form(*lane) : waiting;
  // What is live goes before what was cut or waited of the backlog.
  const bool before = waiting->second.is_part && part_went_last_;
  if (lane != nullptr && (before || (waiting->second.backlog && !lane->backlog && !in_turn())))
    return form(*lane);
  part_went_last_ = waiting->second.is_part;
  return waiting;
}

bool delivery::may_launch() const noexcept {
  return in_flight_ < places() && !(down_ && probe_) && letters_.size() < max_letters;
}

std::vector<planned_request> delivery::next(steady_ns now, std::size_t most) {
  std::vector<planned_request> out;
  expire(now);
  while (out.size() < most && now >= quiet_until() && may_launch()) {
    const auto it = pick(now);
    if (it == open_.end())
      break;
    launch(it->second, now);
    out.push_back(it->second.plan);
  }
  return out;
}

void delivery::launch(open_request& request, steady_ns now) {
  request.in_flight = true;
  request.sent_at = now;
  if (request.plan.attempts++ == 0)
    request.first_sent = now;
  ++in_flight_;
  take_turn(request, now);
  if (down_)
    probe_ = request.plan.id;
}

std::optional<steady_ns> delivery::next_wakeup() const noexcept {
  std::optional<steady_ns> due;
  const auto sooner = [&due](steady_ns time) { due = due ? std::min(*due, time) : time; };
  const auto limit = options_.retry.max_elapsed_time.count() * millisecond_ns;
  const bool can_send = may_launch();
  for (const auto& [id, r] : open_) {
    if (r.in_flight)
      continue;
    const auto paced = r.backlog ? pace_.due() : 0;
    if (can_send && (down_ || !r.backlog || backlog_may_go()))
      sooner(down_ ? quiet_until() : std::max({r.not_before, quiet_until(), paced}));
    if (limit > 0 && r.plan.attempts > 0)
      sooner(r.first_sent + limit);
  }
  for (const auto* lane : {&live_, &backlog_})
    if (const auto fresh = fresh_due(*lane); fresh && can_send && may_form(*lane))
      sooner(std::max(*fresh, quiet_until()));
  return due;
}

void delivery::expire(steady_ns now) {
  const auto limit = options_.retry.max_elapsed_time.count() * millisecond_ns;
  for (auto it = open_.begin(); limit > 0 && it != open_.end();) {
    const auto here = it++;
    const auto& r = here->second;
    if (!r.in_flight && r.plan.attempts > 0 && now - r.first_sent >= limit)
      bury(here,
           fmt::format("gave up after {} attempts in {:.1f} s", r.plan.attempts,
                       static_cast<double>(now - r.first_sent) / second_ns),
           now);
  }
}

} // namespace weir::backends
