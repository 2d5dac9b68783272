#pragma once

#include "core/arena.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace weir::ottl {

/// Memory for what statements make of one item: taken piece by piece, given back all at once. One
/// thread at a time.
class scratch_arena {
public:
  /// Most bytes that may be taken between two clear(): what doubles itself ends here.
  static constexpr std::size_t max_bytes = 8 << 20;

  /// Room for `size` bytes, or null when that is over the bound.
  char* allocate(std::size_t size) {
    if (size > max_bytes - taken_)
      return nullptr;
    taken_ += size;
    return memory_.allocate(std::max<std::size_t>(size, 1));
  }

  void clear() noexcept {
    memory_.clear();
    taken_ = 0;
  }

private:
  // One item with a huge value does not hold its memory for ever.
  arena memory_{arena_sizes{.kept = 256 << 10}};
  std::size_t taken_ = 0;
};

/// Bytes that grow in an arena. Over its bound nothing more is added, and ok() says so.
class text_builder {
public:
  explicit text_builder(scratch_arena& memory) : memory_(memory) {}

  void append(std::string_view bytes) {
    if (char* room = grow(bytes.size()); room != nullptr && !bytes.empty())
      std::memcpy(room, bytes.data(), bytes.size());
  }
  void append(char byte) { append(std::string_view(&byte, 1)); }

  /// Room for `size` more bytes, which the caller fills; null when there is none.
  char* grow(std::size_t size) {
    if (!ok_ || (size > capacity_ - size_ && !reserve(size_ + size)))
      return nullptr;
    char* room = data_ + size_;
    size_ += size;
    return room;
  }

  /// Makes room for `size` bytes at once, where that is known.
  void expect(std::size_t size) {
    if (ok_ && size > capacity_)
      reserve_exactly(size);
  }

  bool ok() const noexcept { return ok_; }
  std::string_view view() const noexcept { return {data_, size_}; }

private:
  bool reserve(std::size_t size) {
    auto wanted = capacity_ * 2 > 64 ? capacity_ * 2 : 64;
    return reserve_exactly(wanted < size ? size : wanted);
  }

  bool reserve_exactly(std::size_t wanted) {
    char* room = memory_.allocate(wanted);
    if (room == nullptr)
      return ok_ = false;
    if (size_ != 0)
      std::memcpy(room, data_, size_);
    data_ = room;
    capacity_ = wanted;
    return true;
  }

  scratch_arena& memory_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  bool ok_ = true;
};

} // namespace weir::ottl
