#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace weir::load {

/// Random numbers that are the same with every standard library: splitmix64 and what is made of it.
class chance {
public:
  explicit chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    auto x = state_ += 0x9e37'79b9'7f4a'7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58'476d'1ce4'e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d0'49bb'1331'11ebULL;
    return x ^ (x >> 31);
  }

  /// In [0, 1).
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

  bool happens(double probability) { return unit() < probability; }

  std::uint64_t below(std::uint64_t limit) { return bits() % limit; }

  double log_normal(double median, double sigma) {
    const auto radius = std::sqrt(-2 * std::log(1 - unit()));
    return median * std::exp(sigma * radius * std::cos(2 * std::numbers::pi * unit()));
  }

  double exponential(double mean) { return -mean * std::log(1 - unit()); }

private:
  std::uint64_t state_;
};

} // namespace weir::load
