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

std::vector<place_range> unfinished_items::finished_before(const log_place& end) const {
  std::vector<place_range> ranges;
  std::optional<log_place> reached; // Where the last piece ended.
  for (const auto& [begin, piece] : pieces_) {
    if (reached && *reached < begin)
      ranges.push_back({*reached, begin});
    reached =
        piece.closes ? log_place{begin.position + 1, 0} : log_place{begin.position, piece.last};
  }
  if (reached && *reached < end)
    ranges.push_back({*reached, end});
  return ranges;
}

} // namespace weir::backends
