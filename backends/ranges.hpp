#pragma once

#include "core/ids.hpp"

#include <compare>
#include <cstdint>

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

} // namespace weir::backends
