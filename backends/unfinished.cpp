#include "backends/unfinished.hpp"

#include <optional>

namespace weir::backends {

void unfinished_items::add(const item_range& added, bool closes, unix_ns received) {
  pieces_.insert_or_assign(pieces_.end(), place{added.position, added.first},
                           piece{added.last, closes, received});
}

void unfinished_items::cut(const place& at) {
  auto it = pieces_.upper_bound(at);
  if (it == pieces_.begin())
    return;
  --it;
  auto& [begin, head] = *it;
  if (begin == at || begin.position != at.position || at.item >= head.last)
    return;
  const auto tail = head;
  head = {at.item, false, tail.received};
  pieces_.emplace(at, tail);
}

std::size_t unfinished_items::blocks() const noexcept {
  std::size_t count = 0;
  const place* last = nullptr;
  for (const auto& [begin, piece] : pieces_) {
    count += last == nullptr || last->position != begin.position ? 1 : 0;
    last = &begin;
  }
  return count;
}

std::vector<place_range> unfinished_items::finished_before(const place& end) const {
  std::vector<place_range> ranges;
  std::optional<place> at; // Where the last piece ended.
  for (const auto& [begin, piece] : pieces_) {
    if (at && *at < begin)
      ranges.push_back({*at, begin});
    at = piece.closes ? place{begin.position + 1, 0} : place{begin.position, piece.last};
  }
  if (at && *at < end)
    ranges.push_back({*at, end});
  return ranges;
}

} // namespace weir::backends
