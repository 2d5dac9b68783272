#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace weir::sampling {

/// Puts numbers in order of deadlines: a ring of buckets, each a doubly linked list through the
/// items themselves (members next, previous, bucket, deadline), each some milliseconds wide. A
/// deadline further ahead than the ring reaches waits in its last bucket and moves on from there.
class deadline_wheel {
public:
  static constexpr std::uint32_t none = 0xffff'ffff;

  /// `span`: how far ahead deadlines lie at most, as a rule.
  explicit deadline_wheel(steady_ns span)
      : tick_(std::clamp<steady_ns>(span / 1024, millisecond_ns, second_ns)), heads_(buckets, none),
        tails_(buckets, none) {}

  template <class Items>
  void insert(Items& items, std::uint32_t number, steady_ns now) {
    auto& item = items[number];
    if (size_++ == 0)
      base_ = first_ = now / tick_;
    const auto tick =
        std::clamp(item.deadline / tick_, base_, base_ + static_cast<std::int64_t>(buckets) - 1);
    first_ = std::min(first_, tick);
    item.bucket = bucket_of(tick);
    item.next = none;
    item.previous = tails_[item.bucket];
    (item.previous == none ? heads_[item.bucket] : items[item.previous].next) = number;
    tails_[item.bucket] = number;
  }

  template <class Items>
  void erase(Items& items, std::uint32_t number) {
    auto& item = items[number];
    (item.previous == none ? heads_[item.bucket] : items[item.previous].next) = item.next;
    (item.next == none ? tails_[item.bucket] : items[item.next].previous) = item.previous;
    --size_;
  }

  /// The first item in the first bucket that is not empty, or none.
  std::uint32_t front() noexcept {
    skip_empty();
    return size_ == 0 ? none : heads_[bucket_of(first_)];
  }

  /// The same, for a look without effect.
  std::uint32_t peek() const noexcept {
    if (size_ == 0)
      return none;
    auto tick = first_;
    while (heads_[bucket_of(tick)] == none)
      ++tick;
    return heads_[bucket_of(tick)];
  }

  /// The same where all of that bucket lies before `now`, or none.
  template <class Items>
  std::uint32_t due(Items& items, steady_ns now) {
    while (size_ != 0) {
      skip_empty();
      base_ = std::max(base_, std::min(first_, now / tick_));
      if ((first_ + 1) * tick_ > now)
        return none;
      const auto number = heads_[bucket_of(first_)];
      if (items[number].deadline / tick_ <= first_)
        return number;
      // It stood here only because the ring ended here.
      const auto deadline = items[number].deadline;
      erase(items, number);
      insert(items, number, std::min(deadline, now));
    }
    return none;
  }

  std::size_t bytes() const noexcept { return buckets * 2 * sizeof(std::uint32_t); }

private:
  static constexpr std::size_t buckets = 4096;

  static std::uint16_t bucket_of(std::int64_t tick) noexcept {
    return static_cast<std::uint16_t>(tick % static_cast<std::int64_t>(buckets));
  }
  void skip_empty() noexcept {
    while (size_ != 0 && heads_[bucket_of(first_)] == none)
      ++first_;
  }

  steady_ns tick_;
  // The ring covers ticks [base_, base_ + buckets). The base never lies in the future, or deadlines
  // that come later but lie earlier would have no place.
  std::int64_t base_ = 0;
  std::int64_t first_ = 0; ///< No item stands before this tick.
  std::size_t size_ = 0;
  std::vector<std::uint32_t> heads_;
  std::vector<std::uint32_t> tails_;
};

} // namespace weir::sampling
