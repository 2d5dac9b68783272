#pragma once

#include "core/error.hpp"

namespace weir {

/// What could not be read may be readable later (the system refused, too much is open); anything
/// else is damage, or gone, and stays so.
inline bool is_passing(const error& why) noexcept {
  return why.code == errc::io || why.code == errc::unavailable;
}

} // namespace weir
