#pragma once

#include "core/arena.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

namespace weir::editing {

/// Items (metrics) that a processor puts beside the one in hand, into the same scope. As in the
/// Collector it comes to them too, behind all that came. Bounded: statements that make items of
/// items have no end by themselves. One thread.
class made_items {
public:
  /// What may be made of one message: so many bytes, and so many times its own.
  static constexpr std::size_t least_bytes = 1 << 20;
  static constexpr std::size_t times_message = 8;
  static constexpr std::size_t most_bytes = 256 << 20;
  /// An item that was made of one that was made of ..., so often.
  static constexpr unsigned max_generation = 16;

  explicit made_items(arena& memory) : memory_(memory) {}

  void begin_message(std::size_t bytes) noexcept {
    left_ = std::min(least_bytes + times_message * bytes, most_bytes);
  }
  void begin_scope() noexcept {
    items_.clear();
    generation_ = 0;
  }

  /// Whether an item of that size may be made of the one in hand.
  bool has_room(std::size_t bytes) const noexcept {
    return bytes <= left_ && generation_ < max_generation;
  }
  /// Counts bytes that an item grows by. False: it must not grow so far.
  bool claim(std::size_t bytes) noexcept {
    if (bytes > left_)
      return false;
    left_ -= bytes;
    return true;
  }
  /// Copies it. @pre has_room(its size)
  void add(std::string_view body) {
    left_ -= body.size();
    items_.push_back({memory_.copy(body), generation_ + 1});
  }

  std::size_t size() const noexcept { return items_.size(); }
  /// Takes one in hand: what is made now is made of it.
  std::string_view take_up(std::size_t index) noexcept {
    generation_ = items_[index].generation;
    return items_[index].body;
  }

private:
  struct made {
    std::string_view body;
    unsigned generation;
  };

  arena& memory_;
  std::vector<made> items_;
  std::size_t left_ = 0;    ///< Bytes.
  unsigned generation_ = 0; ///< Of the item in hand; 0: it came with the message.
};

} // namespace weir::editing
