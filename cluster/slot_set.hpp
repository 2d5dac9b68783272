#pragma once

#include "core/ids.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace weir::cluster {

/// Some of the slots of one entry: a bit each.
class slot_set {
public:
  slot_set() = default;
  /// No slot of `slots` is in.
  explicit slot_set(std::uint32_t slots) : words_((slots + 63) / 64), slots_(slots) {}

  std::uint32_t slots() const noexcept { return slots_; }
  std::uint32_t count() const noexcept { return count_; }
  bool all() const noexcept { return count_ == slots_; }

  bool contains(slot s) const noexcept {
    return s < slots_ && ((words_[s / 64] >> (s % 64)) & 1U) != 0;
  }

  /// Puts a slot in; false when it was in already or is none of the entry's.
  bool insert(slot s) noexcept {
    if (s >= slots_ || contains(s))
      return false;
    words_[s / 64] |= std::uint64_t{1} << (s % 64);
    ++count_;
    return true;
  }

  const std::vector<std::uint64_t>& words() const noexcept { return words_; }

private:
  std::vector<std::uint64_t> words_;
  std::uint32_t slots_ = 0;
  std::uint32_t count_ = 0;
};

} // namespace weir::cluster
