#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace weir::cluster {

/// How far another's steady clock is ahead of this one, never more than it is: what it said its
/// clock was, less this one's when that was heard. The largest of the last words counts, as it took
/// the shortest way. So a moment here, put on the other clock, is early by the time of that way at
/// the most, and never late.
///
/// Pure; one thread.
class clock_offset {
public:
  void add(steady_ns said, steady_ns heard) noexcept {
    samples_[next_++ % samples_.size()] = said - heard;
    count_ = std::min(count_ + 1, samples_.size());
    value_ = *std::max_element(samples_.begin(), samples_.begin() + static_cast<long>(count_));
  }
  /// 0 before anything was heard.
  steady_ns value() const noexcept { return value_; }

private:
  std::array<steady_ns, 16> samples_{};
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  steady_ns value_ = 0;
};

} // namespace weir::cluster
