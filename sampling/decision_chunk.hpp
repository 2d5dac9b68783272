#pragma once

#include <cstddef>
#include <string_view>

namespace weir::sampling {

/// Decisions in a chunk as decision_cache writes it; 0 where it is none.
std::size_t decisions_in(std::string_view chunk);

} // namespace weir::sampling
