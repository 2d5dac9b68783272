#include "backends/delivery.hpp"

#include <fmt/format.h>
#include <limits>
#include <utility>

namespace weir::backends {

namespace {

// Blocks that come close to this go alone: one that is passed on as it is need not be copied.
constexpr std::uint64_t combined_bytes = 1 << 20;
// A back end's limit is not believed to be smaller.
constexpr std::uint64_t least_learned_bytes = 64 << 10;
// What is read ahead of what is sent lies between these, whatever a request may hold.
constexpr std::uint64_t least_fresh_bytes = 4 << 20;
constexpr std::uint64_t most_fresh_bytes = 64 << 20;

constexpr std::uint64_t or_no_limit(std::uint64_t limit) {
  return limit == 0 ? std::numeric_limits<std::uint64_t>::max() : limit;
}

} // namespace

delivery::delivery(options o, place start, std::uint64_t seed)
    : options_(std::move(o)), backoff_(options_.retry, seed), end_(start),
      last_answer_(std::numeric_limits<steady_ns>::min()) {
  options_.num_consumers = std::max(1U, options_.num_consumers);
}

void delivery::available(const block_info& block, steady_ns now) {
  const auto first = block.position == end_.position ? end_.item : 0;
  if (block.position < end_.position)
    return;
  end_ = {block.position + 1, 0};
  if (first >= block.items)
    return;
  const auto count = block.items - first;
  const auto bytes = block.bytes * count / block.items;
  unfinished_.emplace(place{block.position, first}, block.items);
  fresh_.push_back({block.position, first, block.items, bytes, now});
  fresh_items_ += count;
  fresh_bytes_ += bytes;
}

bool delivery::wants_blocks() const noexcept {
  return fresh_bytes_ < enough_fresh_bytes();
}

std::uint64_t delivery::enough_fresh_bytes() const noexcept {
  return std::clamp(bytes_limit(), least_fresh_bytes, most_fresh_bytes);
}

// Nothing is sent before.
steady_ns delivery::quiet_until() const noexcept {
  return down_ ? std::max(probe_at_, wish_until_) : wish_until_;
}

std::uint64_t delivery::bytes_limit() const noexcept {
  const auto configured = or_no_limit(options_.batch.max_bytes);
  return learned_bytes_ == 0 ? configured : std::min(configured, learned_bytes_);
}

std::optional<steady_ns> delivery::fresh_due() const noexcept {
  if (fresh_.empty())
    return std::nullopt;
  const auto& b = options_.batch;
  const bool full = fresh_items_ >= b.min_items || fresh_bytes_ >= enough_fresh_bytes()
                    || (b.max_items != 0 && fresh_items_ >= b.max_items);
  const auto since = fresh_.front().since;
  return full ? since : since + b.timeout.count() * millisecond_ns;
}

bool delivery::fresh_ready(steady_ns now) const noexcept {
  const auto due = fresh_due();
  return due && *due <= now && open_.size() < options_.num_consumers;
}

void delivery::take_fresh(planned_request& plan, std::uint64_t max_items, std::uint64_t max_bytes) {
  auto& block = fresh_.front();
  const std::uint64_t have = block.last - block.first;
  auto take = std::min(have, max_items);
  if (block.bytes > max_bytes)
    take = std::min(take, std::max<std::uint64_t>(1, have * max_bytes / block.bytes));
  const auto bytes = block.bytes * take / have;
  const auto middle = block.first + static_cast<std::uint32_t>(take);
  plan.ranges.push_back({block.position, block.first, middle});
  plan.items += take;
  plan.bytes += bytes;
  fresh_items_ -= take;
  fresh_bytes_ -= bytes;
  if (take == have) {
    fresh_.pop_front();
    return;
  }
  unfinished_[{block.position, block.first}] = middle;
  unfinished_.emplace(place{block.position, middle}, block.last);
  block.first = middle;
  block.bytes -= bytes;
}

delivery::open_map::iterator delivery::form() {
  const auto& b = options_.batch;
  const auto max_items = or_no_limit(b.max_items);
  const auto max_bytes = bytes_limit();
  open_request request{.plan = {.id = next_id_++}};
  auto& plan = request.plan;
  take_fresh(plan, max_items, max_bytes);
  while (!fresh_.empty() && plan.items < max_items) {
    const auto after = plan.bytes + fresh_.front().bytes;
    if (after > max_bytes || (after > combined_bytes && plan.items >= b.min_items))
      break;
    take_fresh(plan, max_items - plan.items, max_bytes - plan.bytes);
  }
  return open_.emplace(plan.id, std::move(request)).first;
}

// While down, the one that was tried least: a fresh one before those that failed.
delivery::open_map::iterator delivery::pick(steady_ns now) {
  if (down_ && fresh_ready(now))
    return form();
  auto best = open_.end();
  for (auto it = open_.begin(); it != open_.end(); ++it) {
    const auto& r = it->second;
    if (r.in_flight || (!down_ && r.not_before > now))
      continue;
    if (best == open_.end() || (down_ && r.plan.attempts < best->second.plan.attempts))
      best = it;
    if (!down_)
      break;
  }
  if (best == open_.end() && fresh_ready(now))
    return form();
  return best;
}

std::vector<planned_request> delivery::next(steady_ns now) {
  std::vector<planned_request> out;
  expire(now);
  while (now >= quiet_until() && in_flight_ < options_.num_consumers && !(down_ && probe_)) {
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
  if (down_)
    probe_ = request.plan.id;
}

std::optional<steady_ns> delivery::next_wakeup() const noexcept {
  std::optional<steady_ns> due;
  const auto sooner = [&due](steady_ns at) { due = due ? std::min(*due, at) : at; };
  const auto limit = options_.retry.max_elapsed_time.count() * millisecond_ns;
  const bool can_send = in_flight_ < options_.num_consumers && !(down_ && probe_);
  for (const auto& [id, r] : open_) {
    if (r.in_flight)
      continue;
    if (can_send)
      sooner(down_ ? quiet_until() : std::max(r.not_before, quiet_until()));
    if (limit > 0 && r.plan.attempts > 0)
      sooner(r.first_sent + limit);
  }
  if (const auto fresh = fresh_due(); fresh && can_send && open_.size() < options_.num_consumers)
    sooner(std::max(*fresh, quiet_until()));
  return due;
}

delivery::open_map::iterator delivery::settle(request_id id) {
  const auto it = open_.find(id);
  if (it == open_.end() || !it->second.in_flight)
    return open_.end();
  it->second.in_flight = false;
  --in_flight_;
  if (probe_ == id)
    probe_.reset();
  return it;
}

void delivery::finished(request_id id, const outcome& result, steady_ns now) {
  const auto it = settle(id);
  if (it == open_.end())
    return;
  if (result.what == outcome::kind::retry)
    return on_retry(it, result, now);
  // A definite answer: the way there is open.
  last_answer_ = now;
  if (down_)
    come_back_up(now);
  switch (result.what) {
  case outcome::kind::retry:
    return;
  case outcome::kind::delivered:
    return on_delivered(it, result);
  case outcome::kind::too_large:
    return on_too_large(it, result, now);
  case outcome::kind::refused:
    return bury(it, result.reason);
  }
}

void delivery::split(request_id id, steady_ns now) {
  if (const auto it = settle(id); it != open_.end())
    halve(it, now);
}

void delivery::on_delivered(open_map::iterator it, const outcome& result) {
  const auto& plan = it->second.plan;
  for (const auto& r : plan.ranges)
    unfinished_.erase({r.position, r.first});
  totals_.delivered += plan.items;
  totals_.rejected += std::min(result.rejected, plan.items);
  open_.erase(it);
}

void delivery::come_back_up(steady_ns now) {
  down_ = false;
  probe_.reset();
  // Their pauses were for the outage; but one that failed more often than the outage can explain
  // keeps its own.
  for (auto& [id, r] : open_)
    if (r.plan.attempts <= down_failures_)
      r.not_before = now;
  down_failures_ = 0;
}

void delivery::on_retry(open_map::iterator it, const outcome& result, steady_ns now) {
  auto& request = it->second;
  const auto limit = options_.retry.max_elapsed_time.count() * millisecond_ns;
  const auto wish = result.retry_after ? result.retry_after->count() * millisecond_ns : 0;
  const auto pause = std::max(backoff_.pause(request.plan.attempts), wish);
  if (!options_.retry.enabled)
    return bury(it, result.reason);
  if (limit > 0 && now + pause - request.first_sent > limit)
    return bury(it, fmt::format("gave up after {} attempts in {:.1f} s: {}", request.plan.attempts,
                                static_cast<double>(now - request.first_sent) / second_ns,
                                result.reason));
  totals_.forgotten += drop_forgotten(request.plan);
  request.not_before = now + pause;
  const bool silence = last_answer_ < request.sent_at;
  // Of many that fail together only the first one, and later each probe, counts as a failure.
  const bool counts = !down_ || request.sent_at >= probe_at_;
  if (request.plan.ranges.empty())
    open_.erase(it);
  if (silence && counts) {
    down_ = true;
    probe_at_ = now + backoff_.pause(++down_failures_);
  }
  if (wish > 0)
    wish_until_ = std::max(wish_until_, now + wish);
}

void delivery::on_too_large(open_map::iterator it, const outcome& result, steady_ns now) {
  if (it->second.plan.items <= 1)
    return bury(it, result.reason);
  learned_bytes_ = std::max(least_learned_bytes, it->second.plan.bytes / 2);
  halve(it, now);
}

void delivery::halve(open_map::iterator it, steady_ns now) {
  const auto whole = std::move(it->second);
  open_.erase(it);
  open_request halves[2];
  const auto half = whole.plan.items / 2;
  for (auto range : whole.plan.ranges) {
    const auto room = half - halves[0].plan.items;
    const std::uint64_t count = range.last - range.first;
    if (room > 0 && room < count) { // The cut goes through this range.
      const auto middle = range.first + static_cast<std::uint32_t>(room);
      unfinished_[{range.position, range.first}] = middle;
      unfinished_.emplace(place{range.position, middle}, range.last);
      halves[0].plan.ranges.push_back({range.position, range.first, middle});
      halves[0].plan.items += room;
      range.first = middle;
    }
    auto& into = halves[room >= count ? 0 : 1].plan;
    into.ranges.push_back(range);
    into.items += range.last - range.first;
  }
  for (auto& h : halves) {
    h.plan.id = next_id_++;
    h.plan.bytes = whole.plan.bytes * h.plan.items / whole.plan.items;
    h.not_before = now;
    open_.emplace(h.plan.id, std::move(h));
  }
}

void delivery::bury(open_map::iterator it, std::string reason) {
  auto& plan = it->second.plan;
  totals_.dead += plan.items;
  letters_.push_back({std::move(plan.ranges), plan.items, plan.bytes, std::move(reason)});
  open_.erase(it);
}

void delivery::expire(steady_ns now) {
  const auto limit = options_.retry.max_elapsed_time.count() * millisecond_ns;
  for (auto it = open_.begin(); limit > 0 && it != open_.end();) {
    const auto here = it++;
    const auto& r = here->second;
    if (!r.in_flight && r.plan.attempts > 0 && now - r.first_sent >= limit)
      bury(here, fmt::format("gave up after {} attempts in {:.1f} s", r.plan.attempts,
                             static_cast<double>(now - r.first_sent) / second_ns));
  }
}

const dead_letter* delivery::first_letter() const noexcept {
  return letters_.empty() ? nullptr : &letters_.front();
}

void delivery::drop_letter() {
  for (const auto& r : letters_.front().ranges)
    unfinished_.erase({r.position, r.first});
  letters_.pop_front();
}

std::uint64_t delivery::drop_forgotten(planned_request& plan) {
  std::uint64_t dropped = 0;
  std::erase_if(plan.ranges, [&](const item_range& r) {
    if (r.position >= trimmed_)
      return false;
    dropped += r.last - r.first;
    unfinished_.erase({r.position, r.first});
    return true;
  });
  plan.items -= dropped;
  return dropped;
}

std::uint64_t delivery::forget_before(log_position position) {
  trimmed_ = std::max(trimmed_, position);
  std::uint64_t dropped = 0;
  while (!fresh_.empty() && fresh_.front().position < trimmed_) {
    const auto& block = fresh_.front();
    unfinished_.erase({block.position, block.first});
    dropped += block.last - block.first;
    fresh_items_ -= block.last - block.first;
    fresh_bytes_ -= block.bytes;
    fresh_.pop_front();
  }
  for (auto it = open_.begin(); it != open_.end();) {
    const auto here = it++;
    if (here->second.in_flight)
      continue;
    dropped += drop_forgotten(here->second.plan);
    if (here->second.plan.ranges.empty())
      open_.erase(here);
  }
  totals_.forgotten += dropped;
  if (end_.position < trimmed_)
    end_ = {trimmed_, 0};
  return dropped;
}

place delivery::cursor() const noexcept {
  return unfinished_.empty() ? end_ : unfinished_.begin()->first;
}

} // namespace weir::backends
