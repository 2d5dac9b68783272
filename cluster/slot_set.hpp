#pragma once

#include "core/error.hpp"
#include "core/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
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

  /// Puts in what is in `other`. @pre as many slots
  void insert_all(const slot_set& other) noexcept {
    for (slot s = 0; s < slots_; ++s)
      if (other.contains(s))
        insert(s);
  }

  const std::vector<std::uint64_t>& words() const noexcept { return words_; }

  friend bool operator==(const slot_set&, const slot_set&) = default;

private:
  std::vector<std::uint64_t> words_;
  std::uint32_t slots_ = 0;
  std::uint32_t count_ = 0;
};

/// Bytes of a set's bits, the lowest slot first.
std::size_t bit_bytes(std::uint32_t slots) noexcept;
void append_bits(const slot_set& set, std::string& out);
/// @pre `bits.size() == bit_bytes(slots)`; what lies behind the last slot counts for nothing
slot_set read_bits(std::uint32_t slots, std::string_view bits);

/// What an origin knows as settled of one of its entries, for the disk. Format version 1:
/// version u8 | slots u32 LE | settled bits.
std::string encode(const slot_set& set);
/// errc::corrupt when it is none, errc::unsupported when a newer Weir wrote it.
result<slot_set> decode_slots(std::string_view record);

} // namespace weir::cluster
