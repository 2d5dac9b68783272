#pragma once

#include "core/ids.hpp"

#include <compare>
#include <cstdint>
#include <vector>

namespace weir::backends {

/// From `first` to before `last`, over blocks.
struct place_range {
  log_place first, last;

  friend bool operator==(const place_range&, const place_range&) = default;
};

/// Items [first, last) of one block.
struct item_range {
  log_position position = 0;
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  friend bool operator==(const item_range&, const item_range&) = default;
};

/// @pre `items` rise
inline std::vector<item_range> ranges_of(const std::vector<log_place>& items) {
  std::vector<item_range> ranges;
  for (const auto& item : items) {
    if (!ranges.empty() && ranges.back().position == item.position
        && ranges.back().last == item.item)
      ++ranges.back().last;
    else
      ranges.push_back({item.position, item.item, item.item + 1});
  }
  return ranges;
}

} // namespace weir::backends
