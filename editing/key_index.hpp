#pragma once

#include "codec/hash.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::editing {

/// Finds keys among many that are numbered from 0 on, in constant time whatever clients call them.
/// Keeps numbers, not keys: whoever asks compares the keys of the few that it is given. One thread.
class key_index {
public:
  bool empty() const noexcept { return used_ == 0; }

  void clear() noexcept {
    places_.clear();
    used_ = 0;
  }

  /// @pre `number` is not in it
  void add(std::string_view key, std::uint32_t number) {
    if (2 * (used_ + 1) > places_.size())
      grow();
    put({tag_of(key), number + 1});
    ++used_;
  }

  /// Calls `on_number(number)` for those that may have this key, in the order in which they were
  /// added, until it returns false.
  template <class OnNumber>
  void find(std::string_view key, OnNumber&& on_number) const {
    if (places_.empty())
      return;
    const auto tag = tag_of(key);
    const auto mask = places_.size() - 1;
    for (auto bucket = tag & mask; places_[bucket].number != 0; bucket = (bucket + 1) & mask)
      if (places_[bucket].tag == tag && !on_number(places_[bucket].number - 1))
        return;
  }

private:
  struct place {
    std::uint64_t tag = 0;
    std::uint32_t number = 0; ///< And 1; 0: free.
  };

  static std::uint64_t tag_of(std::string_view key) noexcept { return codec::hash_in_memory(key); }

  void put(const place& p) {
    const auto mask = places_.size() - 1;
    auto bucket = p.tag & mask;
    while (places_[bucket].number != 0)
      bucket = (bucket + 1) & mask;
    places_[bucket] = p;
  }

  // In the order of their numbers, so that those of one key stay in theirs.
  void grow();

  std::vector<place> places_; ///< A power of two of them, at most half of them used.
  std::size_t used_ = 0;
};

inline void key_index::grow() {
  std::vector<place> before(places_.empty() ? 64 : 2 * places_.size());
  before.swap(places_);
  // Runs may wrap round the end: from the first free place on, each run is in order.
  std::size_t first = 0;
  while (first < before.size() && before[first].number != 0)
    ++first;
  for (std::size_t i = 0; i < before.size(); ++i)
    if (const auto& p = before[(first + i) & (before.size() - 1)]; p.number != 0)
      put(p);
}

} // namespace weir::editing
