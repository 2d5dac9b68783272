#pragma once

#include "stages/defaults.hpp"

#include <chrono>

namespace weir::stages {

/// `service.limits`: what processors may take.
struct edit_limits {
  unsigned threads = 0; ///< Requests edited at once; 0: one a core. 2 at least.
  std::chrono::nanoseconds max_time = defaults::max_edit_time; ///< CPU time a request; 0: no end.
};

} // namespace weir::stages
