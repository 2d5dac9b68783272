#include "backends/delivery.hpp"
#include "backends/delivery_impl.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace weir::backends {

delivery::delivery(options o, log_place start, std::vector<place_range> finished,
                   std::uint64_t seed)
    : options_(std::move(o)), backoff_(options_.retry, seed), unread_(start, finished),
      flight_(options_.num_consumers), pace_(options_.drain.max_rate),
      last_answer_(std::numeric_limits<steady_ns>::min()) {
  options_.num_consumers = std::max(1U, options_.num_consumers);
}

void delivery::available(const block_info& block, steady_ns now) {
  known_ = std::max(known_, block.position + 1);
  auto& lane = lane_of(block.position);
  for (const auto& part : unread_.take(block.position, block.items)) {
    const std::uint64_t count = part.last - part.first;
    const auto bytes = block.bytes * count / block.items;
    unfinished_.add(part, part.last == block.items, block.received);
    lane.blocks.push_back({part.position, part.first, part.last, bytes, now});
    lane.items += count;
    lane.bytes += bytes;
  }
}

delivery::open_map::iterator delivery::settle(request_id id) {
  const auto it = open_.find(id);
  if (it == open_.end() || !it->second.in_flight)
    return open_.end();
  it->second.in_flight = false;
  --in_flight_;
  backlog_in_flight_ -= it->second.backlog ? 1 : 0;
  if (probe_ == id)
    probe_.reset();
  return it;
}

void delivery::finished(request_id id, const outcome& result, steady_ns now) {
  const auto it = settle(id);
  if (it == open_.end())
    return;
  if (result.answer == outcome::kind::retry || result.answer == outcome::kind::outage)
    return on_retry(it, result, now);
  way_is_open(it->second, now);
  switch (result.answer) {
  case outcome::kind::retry:
  case outcome::kind::outage:
    return;
  case outcome::kind::delivered:
    return on_delivered(it, result, now);
  case outcome::kind::too_large:
    return on_too_large(it, result, now);
  case outcome::kind::refused:
    return bury(it, result.reason, now);
  }
}

// There was a definite answer.
void delivery::way_is_open(const open_request& request, steady_ns now) {
  last_answer_ = now;
  if (down_)
    come_back_up(now);
  flight_.answered(request.bytes > 0 ? request.bytes : request.plan.bytes, now - request.sent_at,
                   now);
}

void delivery::on_delivered(open_map::iterator it, const outcome& result, steady_ns now) {
  auto& r = it->second;
  const auto bytes = r.bytes > 0 ? r.bytes : r.plan.bytes;
  finish(r.plan);
  totals_.delivered += r.plan.items;
  totals_.rejected += std::min(result.rejected, r.plan.items);
  r.one_was_taken = r.one_was_taken || (r.plan.items == 1 && r.envelope >= bytes / 2);
  learned_.taken(bytes, or_no_limit(options_.batch.max_bytes));
  advance(it, now);
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
  const bool slow = result.answer == outcome::kind::outage;
  const auto pause = std::max(backoff_.pause(request.plan.attempts, slow), wish);
  // One that was tried more often is the trouble itself.
  if (down_ || request.plan.attempts < parked_attempts)
    flight_.refused(request.sent_at, now);
  if (!options_.retry.enabled)
    return bury(
        it, fmt::format("not tried again, as retry_on_failure is not enabled: {}", result.reason),
        now);
  if (limit > 0 && now + pause - request.first_sent > limit)
    return bury(it,
                fmt::format("gave up after {} attempts in {:.1f} s: {}", request.plan.attempts,
                            static_cast<double>(now - request.first_sent) / second_ns,
                            result.reason),
                now);
  totals_.forgotten += drop_forgotten(request.plan);
  request.not_before = now + pause;
  if (request.plan.attempts == 1)
    request.first_failed = now;
  const bool silence = last_answer_ < request.sent_at;
  // Of many that fail together only the first one, and later each probe, counts as a failure.
  const bool counts = !down_ || request.sent_at >= probe_at_;
  if (request.plan.attempts >= parked_attempts)
    detach_rest(request, now);
  if (request.plan.ranges.empty() && request.plan.copy == 0)
    advance(it, now);
  if (silence && counts) {
    down_ = true;
    probe_at_ = now + backoff_.pause(++down_failures_, slow);
  }
  if (wish > 0)
    wish_until_ = std::max(wish_until_, now + wish);
}

void delivery::bury(open_map::iterator it, std::string reason, steady_ns now) {
  item_set& items = it->second.plan;
  totals_.dead += items.items;
  letters_.push_back({std::move(items), std::move(reason)});
  advance(it, now);
}

// What was planned of it is over: the next part, or nothing more. It takes its turn behind the
// others.
void delivery::advance(open_map::iterator it, steady_ns now) {
  auto& rest = it->second.rest;
  while (!rest.empty() && rest.back().items == 0) // Forgotten meanwhile.
    rest.pop_back();
  if (rest.empty()) {
    open_.erase(it);
    return;
  }
  auto node = open_.extract(it);
  auto& request = node.mapped();
  request.plan = {std::move(request.rest.back()), next_id_++, 0};
  request.rest.pop_back();
  request.is_part = true;
  request.not_before = now;
  request.bytes = request.envelope = 0;
  node.key() = request.plan.id;
  open_.insert(std::move(node));
}

const dead_letter* delivery::first_letter() const noexcept {
  return letters_.empty() ? nullptr : &letters_.front();
}

void delivery::drop_letter() {
  finish(letters_.front());
  letters_.pop_front();
}

// Far behind: the log could be trimmed by that much.
const planned_request* delivery::to_set_aside() const noexcept {
  constexpr log_position far = 32;
  for (const auto& [id, r] : open_)
    if (!r.in_flight && r.plan.attempts >= parked_attempts && r.first_failed < last_answer_
        && !r.plan.ranges.empty() && known_ >= far + r.plan.ranges.front().position)
      return &r.plan;
  return nullptr;
}

void delivery::set_aside(request_id id, std::uint64_t copy) {
  const auto it = open_.find(id);
  if (it == open_.end())
    return;
  auto& plan = it->second.plan;
  finish(plan);
  plan.ranges.clear();
  plan.copy = copy;
}

void delivery::resume(std::uint64_t copy, std::uint64_t items, std::uint64_t bytes, steady_ns now) {
  open_request request;
  item_set& plan = request.plan;
  plan = {.items = items, .bytes = bytes, .copy = copy};
  request.plan.id = next_id_++;
  request.plan.attempts = parked_attempts;
  request.not_before = request.first_sent = now;
  open_.emplace(request.plan.id, std::move(request));
}

void delivery::finish(const item_set& items) {
  for (const auto& range : items.ranges)
    unfinished_.finish(range);
  if (items.copy != 0)
    finished_copies_.push_back(items.copy);
}

// A part that fails again and again does not hold up those behind it.
void delivery::detach_rest(open_request& request, steady_ns now) {
  if (request.rest.empty() || open_.size() >= options_.num_consumers + max_parked)
    return;
  open_request others;
  others.rest = std::exchange(request.rest, {});
  others.whole_bytes = request.whole_bytes;
  others.refused_bytes = request.refused_bytes;
  others.refused_alone = request.refused_alone;
  others.one_was_taken = request.one_was_taken;
  const auto id = next_id_++;
  advance(open_.emplace(id, std::move(others)).first, now);
}

std::uint64_t delivery::drop_forgotten(item_set& set) {
  std::uint64_t dropped = 0;
  std::erase_if(set.ranges, [&](const item_range& r) {
    if (r.position >= trimmed_)
      return false;
    dropped += r.last - r.first;
    unfinished_.finish(r);
    return true;
  });
  set.items -= dropped;
  return dropped;
}

void delivery::forget_fresh(fresh_lane& lane, std::uint64_t& dropped) {
  std::erase_if(lane.blocks, [&](const fresh_block& block) {
    if (block.position >= trimmed_)
      return false;
    unfinished_.finish({block.position, block.first, block.last});
    const auto items = block.last - block.first;
    dropped += items;
    lane.items -= items;
    lane.bytes -= block.bytes;
    return true;
  });
}

std::uint64_t delivery::forget_before(log_position position) {
  trimmed_ = std::max(trimmed_, position);
  std::uint64_t dropped = 0;
  forget_fresh(live_, dropped);
  forget_fresh(backlog_, dropped);
  for (auto it = open_.begin(); it != open_.end();) {
    const auto here = it++;
    for (auto& part : here->second.rest)
      dropped += drop_forgotten(part);
    if (here->second.in_flight)
      continue;
    dropped += drop_forgotten(here->second.plan);
    if (here->second.plan.ranges.empty() && here->second.plan.copy == 0)
      advance(here, here->second.not_before);
  }
  totals_.forgotten += dropped;
  unread_.forget_before(trimmed_);
  return dropped;
}

log_place delivery::cursor() const noexcept {
  return unfinished_.empty() ? unread_.first() : std::min(unread_.first(), unfinished_.first());
}

std::vector<place_range> delivery::finished_ahead() const {
  return unfinished_.finished_between(unread_.ranges());
}

unix_ns delivery::oldest() const noexcept {
  return unfinished_.empty() || unread_.first() < unfinished_.first() ? 0 : unfinished_.oldest();
}

std::uint64_t delivery::blocks() const {
  return unfinished_.blocks() + unread_.blocks(0, log_next_.value_or(0));
}

const planned_request* delivery::plan_of(request_id id) const noexcept {
  const auto it = open_.find(id);
  return it == open_.end() ? nullptr : &it->second.plan;
}

void delivery::waited(steady_ns pause) {
  for (auto& [id, request] : open_)
    if (!request.in_flight)
      request.first_sent += pause;
}

} // namespace weir::backends
