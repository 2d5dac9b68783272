#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace weir {

struct arena_sizes {
  std::size_t first_chunk = 16 << 10;  ///< Each further one is twice as large, …
  std::size_t largest_chunk = 1 << 30; ///< … up to this, or what is asked for at once.
  std::size_t kept = 2 << 20;          ///< A chunk up to this stays through clear().
};

/// Bytes that stay where they are until all of them go, taken from chunks. Moving it moves no
/// bytes. One thread.
class arena {
public:
  arena() = default;
  explicit arena(const arena_sizes& sizes) : sizes_(sizes) {}

  /// `size` bytes to be filled in.
  char* allocate(std::size_t size) {
    if (size > left_)
      grow(size);
    auto* result = next_;
    next_ += size;
    left_ -= size;
    return result;
  }

  /// Gives back what the last allocate() did not need.
  void give_back(std::size_t size) noexcept {
    next_ -= size;
    left_ += size;
  }

  std::string_view copy(std::string_view bytes) {
    auto* room = allocate(bytes.size());
    if (!bytes.empty())
      std::memcpy(room, bytes.data(), bytes.size());
    return {room, bytes.size()};
  }

  /// All that was taken goes. One chunk stays, so that a steady state allocates nothing.
  void clear() noexcept {
    if (chunks_.empty())
      return;
    std::swap(chunks_.front(), chunks_.back()); // the last is the largest, as a rule
    chunks_.resize(chunks_.front().size <= sizes_.kept ? 1 : 0);
    held_ = chunks_.empty() ? 0 : chunks_.front().size;
    next_ = chunks_.empty() ? nullptr : chunks_.front().bytes.get();
    left_ = chunks_.empty() ? 0 : chunks_.front().size;
  }

  /// Bytes that it holds, taken or not.
  std::size_t held() const noexcept { return held_; }

private:
  struct chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  void grow(std::size_t size) {
    const auto last = chunks_.empty() ? 0 : chunks_.back().size;
    const auto usual = std::clamp(2 * last, sizes_.first_chunk, sizes_.largest_chunk);
    const auto bytes = std::max(size, usual);
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
    next_ = chunks_.back().bytes.get();
    left_ = bytes;
    held_ += bytes;
  }

  std::vector<chunk> chunks_;
  arena_sizes sizes_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
  std::size_t held_ = 0;
};

} // namespace weir
