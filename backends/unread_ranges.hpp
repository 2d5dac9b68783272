#pragma once

#include "backends/ranges.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace weir::backends {

/// What of a log an exporter owes and has not read yet: everything from a place on, without what it
/// had finished there before. It is read from either end, or from the middle. One thread.
class unread_ranges {
public:
  /// @pre `finished` rises; parts of it before `start` do not matter
  unread_ranges(const log_place& start, const std::vector<place_range>& finished);

  /// The first place that is not read; the end of the log, where there is no gap before it.
  const log_place& first() const noexcept { return ranges_.front().first; }
  /// The first block in [begin, below) of which something is not read.
  std::optional<log_position> next(log_position begin, log_position below) const;
  /// The last block before `below` of which something is not read.
  std::optional<log_position> last(log_position below) const;
  /// How many blocks in [begin, below) are not read, at least in part.
  std::uint64_t blocks(log_position begin, log_position below) const;

  /// A block is read now. @returns its items that were not
  std::vector<item_range> take(log_position block, std::uint32_t items);
  /// What lies before it is not owed any more.
  void forget_before(log_position position);

  /// In order, with gaps between; the last one has no end. Never empty.
  const std::deque<place_range>& ranges() const noexcept { return ranges_; }

private:
  std::deque<place_range> ranges_;
};

} // namespace weir::backends
