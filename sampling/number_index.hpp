#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::sampling {

/// Finds 32-bit numbers (of traces, of decisions) by a 64-bit hash of what they stand for: open
/// addressing with linear probing, 5 bytes a place. Cut into segments that grow on their own, so
/// that no single growth stalls or doubles all of it. The numbers' hashes are not stored but for 7
/// bits: callers say them again where needed, and compare themselves.
class number_index {
public:
  static constexpr std::uint32_t none = 0xffff'ffff;

  /// The number for which `is_it(number)` holds, or none.
  template <class IsIt>
  std::uint32_t find(std::uint64_t hash, IsIt&& is_it) const {
    const auto& segment = segments_[segment_of(hash)];
    if (segment.tags.empty())
      return none;
    const auto mask = segment.tags.size() - 1;
    const auto tag = tag_of(hash);
    for (auto place = place_of(hash) & mask; segment.tags[place] != 0; place = (place + 1) & mask) {
      if (segment.tags[place] == tag && is_it(segment.numbers[place]))
        return segment.numbers[place];
    }
    return none;
  }

  /// @pre `number` is not in here; `hash_of(number)` gives the hash of any number that is.
  template <class HashOf>
  void insert(std::uint64_t hash, std::uint32_t number, HashOf&& hash_of) {
    auto& segment = segments_[segment_of(hash)];
    if ((segment.used + 1) * 8 > segment.tags.size() * 7)
      grow(segment, hash_of);
    put(segment, hash, number);
    ++segment.used;
    ++size_;
  }

  /// @pre `number` is in here under `hash`.
  template <class HashOf>
  void erase(std::uint64_t hash, std::uint32_t number, HashOf&& hash_of) {
    auto& segment = segments_[segment_of(hash)];
    const auto mask = segment.tags.size() - 1;
    auto hole = place_of(hash) & mask;
    while (segment.numbers[hole] != number || segment.tags[hole] == 0)
      hole = (hole + 1) & mask;
    // What stands behind the hole moves up, unless its own place lies behind the hole too.
    for (auto next = (hole + 1) & mask; segment.tags[next] != 0; next = (next + 1) & mask) {
      const auto home = place_of(hash_of(segment.numbers[next])) & mask;
      if (((next - home) & mask) >= ((next - hole) & mask)) {
        segment.numbers[hole] = segment.numbers[next];
        segment.tags[hole] = segment.tags[next];
        hole = next;
      }
    }
    segment.tags[hole] = 0;
    --segment.used;
    --size_;
  }

  template <class Each>
  void for_each(Each&& each) const {
    for (const auto& segment : segments_) {
      for (std::size_t place = 0; place < segment.tags.size(); ++place) {
        if (segment.tags[place] != 0)
          each(segment.numbers[place]);
      }
    }
  }

  std::size_t size() const noexcept { return size_; }

  /// Memory held.
  std::size_t bytes() const noexcept { return places_ * (sizeof(std::uint32_t) + 1); }

private:
  struct segment {
    std::vector<std::uint32_t> numbers;
    std::vector<std::uint8_t> tags; ///< 0 = empty.
    std::size_t used = 0;
  };

  static constexpr unsigned segment_bits = 6;
  static constexpr std::size_t first_places = 16;

  // The highest bits choose the segment, those below them the tag. The lowest 12 are a trace's
  // partition, of which a shard sees only some: they choose nothing.
  static std::size_t segment_of(std::uint64_t hash) noexcept { return hash >> (64 - segment_bits); }
  static std::uint8_t tag_of(std::uint64_t hash) noexcept {
    return static_cast<std::uint8_t>((hash >> 50) | 0x80);
  }
  static std::size_t place_of(std::uint64_t hash) noexcept { return hash >> 12; }

  static void put(segment& segment, std::uint64_t hash, std::uint32_t number) {
    const auto mask = segment.tags.size() - 1;
    auto place = place_of(hash) & mask;
    while (segment.tags[place] != 0)
      place = (place + 1) & mask;
    segment.numbers[place] = number;
    segment.tags[place] = tag_of(hash);
  }

  template <class HashOf>
  void grow(segment& full, HashOf&& hash_of) {
    const auto before = full.tags.size();
    segment larger;
    larger.numbers.resize(before == 0 ? first_places : 2 * before);
    larger.tags.resize(larger.numbers.size());
    larger.used = full.used;
    for (std::size_t place = 0; place < before; ++place) {
      if (full.tags[place] != 0)
        put(larger, hash_of(full.numbers[place]), full.numbers[place]);
    }
    places_ += larger.tags.size() - before;
    full = std::move(larger);
  }

  std::array<segment, 1U << segment_bits> segments_;
  std::size_t size_ = 0;
  std::size_t places_ = 0;
};

} // namespace weir::sampling
