#include "backends/unfinished.hpp"

#include <optional>

namespace weir::backends {

void unfinished_items::add(const item_range& added, bool closes, unix_ns received) {
  pieces_.insert_or_assign(pieces_.end(), log_place{added.position, added.first},
                           piece{added.last, closes, received});
}

void unfinished_items::cut(const log_place& place) {
  auto it = pieces_.upper_bound(place);
  if (it == pieces_.begin())
    return;
  --it;
  auto& [begin, head] = *it;
  if (begin == place || begin.position != place.position || place.item >= head.last)
    return;
  const auto tail = head;
  head = {place.item, false, tail.received};
  pieces_.emplace(place, tail);
}

std::size_t unfinished_items::blocks() const noexcept {
  std::size_t count = 0;
  const log_place* last = nullptr;
  for (const auto& [begin, piece] : pieces_) {
    count += last == nullptr || last->position != begin.position ? 1 : 0;
    last = &begin;
  }
  return count;
}

std::vector<place_range>
unfinished_items::finished_between(const std::deque<place_range>& unread) const {
  std::vector<place_range> ranges;
  std::optional<log_place> reached; // Where the last one ended.
  const auto pass = [&](const log_place& begin, const log_place& end) {
    if (reached && *reached < begin)
      ranges.push_back({*reached, begin});
    reached = end;
  };
  auto range = unread.begin();
  for (const auto& [begin, piece] : pieces_) {
    for (; range != unread.end() && range->first < begin; ++range)
      pass(range->first, range->last);
    pass(begin,
         piece.closes ? log_place{begin.position + 1, 0} : log_place{begin.position, piece.last});
  }
  for (; range != unread.end(); ++range)
    pass(range->first, range->last);
  return ranges;
}

} // namespace weir::backends
