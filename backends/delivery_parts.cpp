// Requests that do not go as they were formed: too large, or of several clients.
#include "backends/delivery.hpp"
#include "backends/delivery_impl.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::backends {

namespace {

// So many times its own size may the parts of a request that are too large come to, together. One
// of small items is cut down to any of them within this.
constexpr std::uint64_t most_repeats = 16;

// What one item takes alone is at least this share of a message that cutting makes little smaller.
bool is_most(std::uint64_t envelope, std::uint64_t bytes) {
  return envelope > 0 && envelope >= bytes / 2;
}

} // namespace

delivery::advice delivery::measured(request_id id, std::uint64_t bytes, std::uint64_t envelope) {
  const auto it = open_.find(id);
  if (it == open_.end())
    return advice::send;
  auto& r = it->second;
  r.bytes = bytes;
  r.envelope = envelope;
  if (r.plan.items <= 1 || r.plan.copy != 0)
    return advice::send;
  if (r.refused_alone > 0 && envelope >= r.refused_alone - r.refused_alone / 16)
    return advice::give_up;
  // Where the envelope is most of it, the parts would be about as large as the whole: the back end
  // has the word.
  if (bytes > bytes_limit() && !is_most(envelope, bytes_limit()))
    return advice::halve;
  return advice::send;
}

void delivery::on_too_large(open_map::iterator it, const outcome& result, steady_ns now) {
  auto& r = it->second;
  const auto bytes = r.bytes > 0 ? r.bytes : r.plan.bytes;
  const bool hardly_divisible = is_most(r.envelope, bytes);
  if (r.plan.items <= 1 || r.plan.copy != 0) {
    if (hardly_divisible)
      r.refused_alone = r.envelope;
    return bury(it, result.reason, now);
  }
  if (r.refused_bytes == 0 && !hardly_divisible)
    learned_.refused(bytes);
  r.refused_bytes += bytes;
  if (r.refused_bytes > most_repeats * std::max(bytes, r.whole_bytes))
    return bury(it,
                fmt::format("its parts were too large too often, {} bytes together: {}",
                            r.refused_bytes, result.reason),
                now);
  divide(it, hardly_divisible && !r.one_was_taken ? 1 : r.plan.items / 2, now);
}

void delivery::split(request_id id, steady_ns now) {
  if (const auto it = settle(id); it != open_.end())
    divide(it, it->second.plan.items / 2, now);
}

void delivery::give_up(request_id id, std::string reason, steady_ns now) {
  if (const auto it = settle(id); it != open_.end())
    bury(it, std::move(reason), now);
}

void delivery::regroup(request_id id, std::vector<item_set> groups, steady_ns now) {
  const auto it = settle(id);
  if (it == open_.end())
    return;
  auto& r = it->second;
  if (r.whole_bytes == 0)
    r.whole_bytes = r.bytes > 0 ? r.bytes : r.plan.bytes;
  for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
    cut_out(*group);
    group->bytes = r.plan.bytes * group->items / std::max<std::uint64_t>(1, r.plan.items);
    r.rest.push_back(std::move(*group));
  }
  advance(it, now);
}

// So that it can be finished by itself.
void delivery::cut_out(const item_set& items) {
  for (const auto& range : items.ranges) {
    unfinished_.cut({range.position, range.first});
    unfinished_.cut({range.position, range.last});
  }
}

void delivery::finished_by_item(request_id id, item_answers answers, steady_ns now) {
  const auto it = settle(id);
  if (it == open_.end())
    return;
  way_is_open(it->second, now);
  auto& r = it->second;
  cut_out(answers.delivered);
  cut_out(answers.again);
  finish(answers.delivered);
  totals_.delivered += answers.delivered.items;
  for (auto& letter : answers.refused) {
    cut_out(letter);
    totals_.dead += letter.items;
    letters_.push_back(std::move(letter));
  }
  if (answers.again.items == 0)
    return advance(it, now);
  const auto attempts = r.plan.attempts;
  answers.again.bytes =
      r.plan.bytes * answers.again.items / std::max<std::uint64_t>(1, r.plan.items);
  r.plan = {std::move(answers.again), id, attempts};
  r.bytes = r.envelope = 0;
  on_retry(it, {.answer = outcome::kind::retry, .reason = std::move(answers.reason)}, now);
}

// The first part comes next, the other one waits behind it.
void delivery::divide(open_map::iterator it, std::uint64_t first_items, steady_ns now) {
  auto& r = it->second;
  if (r.whole_bytes == 0)
    r.whole_bytes = r.bytes > 0 ? r.bytes : r.plan.bytes;
  item_set behind = std::move(r.plan);
  auto front = take_front(behind, first_items);
  r.rest.push_back(std::move(behind));
  r.rest.push_back(std::move(front));
  advance(it, now);
}

// @pre `whole` has more items
item_set delivery::take_front(item_set& whole, std::uint64_t items) {
  item_set front;
  front.group = whole.group;
  front.bytes = whole.bytes * items / whole.items;
  auto range = whole.ranges.begin();
  for (; front.items < items; ++range) {
    const auto room = items - front.items;
    const std::uint64_t count = range->last - range->first;
    front.items += std::min(room, count);
    if (room >= count) {
      front.ranges.push_back(*range);
      continue;
    }
    const auto middle = range->first + static_cast<std::uint32_t>(room); // The cut goes through it.
    unfinished_.cut({range->position, middle});
    front.ranges.push_back({range->position, range->first, middle});
    range->first = middle;
    break;
  }
  whole.ranges.erase(whole.ranges.begin(), range);
  whole.items -= front.items;
  whole.bytes -= front.bytes;
  return front;
}

} // namespace weir::backends
