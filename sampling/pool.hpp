#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace weir::sampling {

/// Objects by 32-bit number, in chunks that never move. Freed numbers are given out again, the last
/// one first; memory is kept for them. `T` has a member `next` (u32), which threads the free ones.
template <class T, std::size_t ChunkSize = 4096>
class pool {
public:
  static constexpr std::uint32_t none = 0xffff'ffff;

  /// A number for `value`. @pre fewer than 2^32 - 1 are taken
  std::uint32_t take(const T& value) {
    if (free_ != none) {
      const auto number = free_;
      free_ = (*this)[number].next;
      (*this)[number] = value;
      ++used_;
      return number;
    }
    if (end_ == chunks_.size() * ChunkSize)
      chunks_.push_back(std::make_unique_for_overwrite<T[]>(ChunkSize));
    (*this)[end_] = value;
    ++used_;
    return end_++;
  }

  void give_back(std::uint32_t number) {
    (*this)[number].next = free_;
    free_ = number;
    --used_;
  }

  T& operator[](std::uint32_t number) { return chunks_[number / ChunkSize][number % ChunkSize]; }
  const T& operator[](std::uint32_t number) const {
    return chunks_[number / ChunkSize][number % ChunkSize];
  }

  std::size_t used() const noexcept { return used_; }
  std::size_t bytes_used() const noexcept { return used_ * sizeof(T); }
  std::size_t bytes_held() const noexcept { return chunks_.size() * ChunkSize * sizeof(T); }

private:
  std::vector<std::unique_ptr<T[]>> chunks_;
  std::uint32_t free_ = none;
  std::uint32_t end_ = 0;
  std::size_t used_ = 0;
};

} // namespace weir::sampling
