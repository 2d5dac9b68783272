#pragma once

#include <array>
#include <bit>
#include <chrono>
#include <cstdint>

namespace weir::load {

/// Counts durations in buckets 6 % wide, from a microsecond to an hour.
class latency_histogram {
public:
  void add(std::chrono::nanoseconds took) {
    const auto us = static_cast<std::uint64_t>(took.count() < 1000 ? 1 : took.count() / 1000);
    ++buckets_[bucket(us)];
    ++count_;
  }

  /// In milliseconds; 0 where nothing was counted.
  double quantile(double q) const {
    const auto wanted = static_cast<std::uint64_t>(q * static_cast<double>(count_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < buckets_.size(); ++i)
      if ((seen += buckets_[i]) > wanted)
        return static_cast<double>(upper(i)) / 1000;
    return 0;
  }

  std::uint64_t count() const noexcept { return count_; }

private:
  // 16 buckets a power of two.
  static std::size_t bucket(std::uint64_t us) {
    const auto power = static_cast<unsigned>(std::bit_width(us)) - 1;
    const auto part = power >= 4 ? us >> (power - 4) & 15 : us << (4 - power) & 15;
    const auto index = power * 16 + part;
    return index < size ? index : size - 1;
  }
  static std::uint64_t upper(std::size_t index) {
    const auto power = index / 16;
    return ((16 + index % 16 + 1) << power) >> 4;
  }

  static constexpr std::size_t size = 16 * 32;
  std::array<std::uint64_t, size> buckets_{};
  std::uint64_t count_ = 0;
};

} // namespace weir::load
