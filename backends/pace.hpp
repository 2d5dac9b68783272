#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace weir::backends {

/// Keeps what is sent to so many bytes a second, request by request: each may go once those before
/// it are paid for. Pure.
class pace {
public:
  /// @param rate bytes a second; 0: without limit
  explicit pace(std::uint64_t rate) : rate_(rate) {}

  /// The next may go from then on.
  steady_ns due() const noexcept { return due_; }

  void spend(std::uint64_t bytes, steady_ns now) noexcept {
    if (rate_ == 0)
      return;
    const auto cost = static_cast<double>(bytes) / static_cast<double>(rate_) * second_ns;
    due_ = std::max(due_, now - burst) + static_cast<steady_ns>(cost);
  }

private:
  static constexpr steady_ns burst = 100 * millisecond_ns; ///< That much may be made up for.

  std::uint64_t rate_;
  steady_ns due_ = 0;
};

} // namespace weir::backends
