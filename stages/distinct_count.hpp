#pragma once

#include "codec/hash.hpp"
#include "core/ids.hpp"

#include <bit>
#include <cstdint>
#include <unordered_set>

namespace weir::stages {

/// How many different traces there are: exactly as long as they are few, then within some percent,
/// in bounded memory. One thread.
class distinct_count {
public:
  void add(const trace_id& id) {
    // The low bits are the partition's, and a node has some partitions.
    const auto hash = std::rotl(codec::xxh3(id.view()), 32);
    if ((hash & mask_) != 0)
      return;
    held_.insert(hash);
    while (held_.size() > most) {
      mask_ = mask_ << 1 | 1;
      std::erase_if(held_, [this](std::uint64_t each) { return (each & mask_) != 0; });
    }
  }

  std::uint64_t count() const noexcept { return held_.size() * (mask_ + 1); }
  bool exact() const noexcept { return mask_ == 0; }

private:
  static constexpr std::size_t most = 64 << 10; // The error is then 0.4 %, as a standard deviation.

  std::uint64_t mask_ = 0; ///< Only hashes without these bits are held.
  std::unordered_set<std::uint64_t> held_;
};

} // namespace weir::stages
