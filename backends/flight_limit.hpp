#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

namespace weir::backends {

/// How many requests a back end takes at a time, found out by trying: one more for each round of
/// answers, half as many after a refusal, or where answers take several times as long as those to
/// requests of this size did. After an outage it begins with one, and is back at half of what went
/// before within a few rounds. Pure.
class flight_limit {
public:
  explicit flight_limit(std::uint32_t most) : most_(std::max(1U, most)), limit_(most_) {}

  /// Requests in flight; from 1 to `most`.
  std::uint32_t requests() const noexcept { return limit_; }

  /// A request was answered for good. @param took from when it was sent
  void answered(std::uint64_t bytes, steady_ns took, steady_ns now) noexcept {
    auto& usual = usual_[static_cast<std::size_t>(std::bit_width(bytes))];
    if (took > least_slow && took > slow_factor * usual)
      lower(now - took, now);
    else if (limit_ < most_ && ++answers_ >= (limit_ < half_ ? 1 : limit_)) {
      ++limit_;
      answers_ = 0;
    }
    // What was usual becomes slower only slowly: it is the way without a queue that counts.
    usual =
        took < usual ? std::max<steady_ns>(1, took) : usual + std::max<steady_ns>(1, usual / 1024);
  }

  /// A request was not taken, as the back end is busy, or not there.
  void refused(steady_ns sent, steady_ns now) noexcept { lower(sent, now); }

private:
  static constexpr steady_ns least_slow = 500 * millisecond_ns;
  static constexpr steady_ns slow_factor = 4;

  // Once for what was under way together.
  void lower(steady_ns sent, steady_ns now) noexcept {
    if (sent < lowered_)
      return;
    lowered_ = now;
    half_ = std::max(1U, limit_ / 2);
    limit_ = half_;
    answers_ = 0;
  }

  static constexpr steady_ns unknown = std::numeric_limits<steady_ns>::max() / 8;

  std::uint32_t most_;
  std::uint32_t limit_;
  std::uint32_t half_ = 1; ///< Below, it grows with each answer.
  std::uint32_t answers_ = 0;
  steady_ns lowered_ = std::numeric_limits<steady_ns>::min();
  std::array<steady_ns, 65> usual_ = [] { ///< By size: powers of two.
    std::array<steady_ns, 65> all{};
    all.fill(unknown);
    return all;
  }();
};

} // namespace weir::backends
