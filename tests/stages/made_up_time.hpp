#pragma once

#include "core/clock.hpp"

namespace weir::stages {

/// The moment at which the tests of stages begin.
inline constexpr moment beginning{1000 * second_ns, 1'700'000'000ULL * second_ns};

/// So much later, on both clocks.
inline moment later(steady_ns passed, const moment& since = beginning) {
  return {since.steady + passed, since.wall + static_cast<unix_ns>(passed)};
}

} // namespace weir::stages
