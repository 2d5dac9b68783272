#include "backends/unread_ranges.hpp"

#include <algorithm>
#include <limits>

namespace weir::backends {

namespace {

constexpr log_place no_end{std::numeric_limits<log_position>::max(), 0};

// One past the last block that the range reaches into.
log_position end_of(const place_range& range) {
  return range.last.position + (range.last.item > 0 ? 1 : 0);
}

} // namespace

unread_ranges::unread_ranges(const log_place& start, const std::vector<place_range>& finished) {
  auto reached = start;
  for (const auto& range : finished) {
    if (reached < range.first)
      ranges_.push_back({reached, range.first});
    reached = std::max(reached, range.last);
  }
  ranges_.push_back({reached, no_end});
}

std::optional<log_position> unread_ranges::next(log_position begin, log_position below) const {
  const auto it = std::partition_point(ranges_.begin(), ranges_.end(),
                                       [begin](const auto& r) { return end_of(r) <= begin; });
  if (it == ranges_.end())
    return std::nullopt;
  const auto found = std::max(begin, it->first.position);
  return found < below ? std::optional(found) : std::nullopt;
}

std::optional<log_position> unread_ranges::last(log_position below) const {
  const auto it = std::partition_point(ranges_.begin(), ranges_.end(),
                                       [below](const auto& r) { return r.first.position < below; });
  if (it == ranges_.begin())
    return std::nullopt;
  return std::min(below, end_of(*std::prev(it))) - 1;
}

std::uint64_t unread_ranges::blocks(log_position begin, log_position below) const {
  std::uint64_t count = 0;
  auto counted = begin; // Two ranges may lie in one block.
  for (const auto& range : ranges_) {
    const auto first = std::max(counted, range.first.position);
    const auto end = std::min(below, end_of(range));
    if (first >= end)
      continue;
    count += end - first;
    counted = end;
  }
  return count;
}

std::vector<item_range> unread_ranges::take(log_position block, std::uint32_t items) {
  std::vector<item_range> taken;
  const log_place begin{block, 0};
  const log_place end{block + 1, 0};
  auto it = std::partition_point(ranges_.begin(), ranges_.end(),
                                 [&](const auto& r) { return r.last <= begin; });
  while (it != ranges_.end() && it->first < end) {
    const auto range = *it;
    const auto first = range.first <= begin ? 0 : range.first.item;
    const auto last = range.last >= end ? items : std::min(items, range.last.item);
    if (first < last)
      taken.push_back({block, first, last});
    const bool before = range.first < begin;
    const bool behind = range.last > end;
    if (before && behind) {
      it->last = begin;
      ranges_.insert(std::next(it), {end, range.last});
      break;
    }
    if (before)
      (it++)->last = begin;
    else if (behind)
      (it++)->first = end;
    else
      it = ranges_.erase(it);
  }
  return taken;
}

void unread_ranges::forget_before(log_position position) {
  const log_place begin{position, 0};
  while (ranges_.front().last <= begin)
    ranges_.pop_front();
  ranges_.front().first = std::max(ranges_.front().first, begin);
}

} // namespace weir::backends
