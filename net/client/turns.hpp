#pragma once

#include <cstddef>
#include <optional>

namespace weir::net {

/// Whose turn it is among servers that all could take a call. Pure.
class turns {
public:
  /// The one of `count` servers with the fewest calls in flight; of several such, the next after
  /// the one chosen last. So servers that are equally fast get calls in turn, and one that stalls
  /// gets no more than its share of what may be in flight. `load(i)`: calls in flight at server i,
  /// nothing where it can take none. Nothing where none can.
  template <class Load>
  std::optional<std::size_t> next(std::size_t count, Load&& load) {
    std::optional<std::size_t> best;
    std::size_t least = 0;
    for (std::size_t step = 1; step <= count; ++step) {
      const auto i = (last_ + step) % count;
      const std::optional<std::size_t> calls = load(i);
      if (calls && (!best || *calls < least)) {
        best = i;
        least = *calls;
      }
    }
    if (best)
      last_ = *best;
    return best;
  }

private:
  std::size_t last_ = static_cast<std::size_t>(-1); ///< So that the first is number 0.
};

} // namespace weir::net
