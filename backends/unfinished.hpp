#pragma once

#include "backends/ranges.hpp"
#include "core/clock.hpp"

#include <deque>
#include <map>
#include <vector>

namespace weir::backends {

/// The items of a log that are known and neither delivered nor given up, as pieces of blocks. One
/// thread.
class unfinished_items {
public:
  /// @param closes the piece reaches to the end of its block
  /// @param received when the oldest of its block was received
  /// @pre it was not added before
  void add(const item_range& piece, bool closes, unix_ns received);

  /// Makes two pieces of the one that has `place` in its middle.
  void cut(const log_place& place);

  /// A piece is finished. @pre it is one, or there is none that begins there
  void finish(const item_range& piece) { pieces_.erase({piece.position, piece.first}); }

  bool empty() const noexcept { return pieces_.empty(); }
  std::size_t size() const noexcept { return pieces_.size(); }
  /// @pre not empty()
  const log_place& first() const noexcept { return pieces_.begin()->first; }
  /// When the first piece was received; 0: there is none, or nobody said.
  unix_ns oldest() const noexcept { return empty() ? 0 : pieces_.begin()->second.received; }

  /// How many blocks they lie in.
  std::size_t blocks() const noexcept;

  /// What is finished between the first that is not and the last: neither a piece nor in `unread`,
  /// which are in order, and the last of which has no end.
  std::vector<place_range> finished_between(const std::deque<place_range>& unread) const;

private:
  struct piece {
    std::uint32_t last = 0;
    bool closes = true;
    unix_ns received = 0;
  };

  std::map<log_place, piece> pieces_; ///< By where they begin.
};

} // namespace weir::backends
