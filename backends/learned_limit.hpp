#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace weir::backends {

/// The size of requests that a back end takes, learned from what it calls too large. One request
/// cannot set it for all: it takes three that were refused whole, without a larger one taken in
/// between; and it grows again while requests of its size are taken. Pure.
class learned_limit {
public:
  /// The limit in bytes; 0: nothing learned.
  std::uint64_t bytes() const noexcept { return bytes_; }

  /// A request was too large as a whole, and not for one item alone.
  void refused(std::uint64_t size) noexcept {
    smallest_refused_ = std::min(smallest_refused_, size);
    taken_ = 0;
    if (++refused_ < refusals_needed)
      return;
    bytes_ = std::max(least, smallest_refused_ / 2);
    forget_refusals();
  }

  /// A request of this size was taken. @param configured the limit that holds without this one
  void taken(std::uint64_t size, std::uint64_t configured) noexcept {
    if (size >= smallest_refused_)
      forget_refusals();
    if (bytes_ == 0 || size < bytes_ / 2 || ++taken_ < takes_needed)
      return;
    taken_ = 0;
    bytes_ += bytes_ / 4;
    if (bytes_ >= configured)
      bytes_ = 0;
  }

private:
  static constexpr std::uint64_t least = 64 << 10;
  static constexpr unsigned refusals_needed = 3;
  static constexpr unsigned takes_needed = 64;

  void forget_refusals() noexcept {
    smallest_refused_ = std::numeric_limits<std::uint64_t>::max();
    refused_ = 0;
  }

  std::uint64_t bytes_ = 0;
  std::uint64_t smallest_refused_ = std::numeric_limits<std::uint64_t>::max();
  unsigned refused_ = 0;
  unsigned taken_ = 0;
};

} // namespace weir::backends
