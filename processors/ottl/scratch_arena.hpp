#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::processors::ottl {

/// Memory for what statements make of one item: taken piece by piece, given back all at once. Keeps
/// its blocks, so that a steady state allocates nothing. One thread at a time.
class scratch_arena {
public:
  /// Most bytes that may be taken between two clear(): what doubles itself ends here.
  static constexpr std::size_t max_bytes = 8 << 20;

  /// Room for `size` bytes, or null when that is over the bound.
  char* take(std::size_t size) {
    if (size > max_bytes - taken_)
      return nullptr;
    taken_ += size;
    while (block_ < blocks_.size() && blocks_[block_].size - used_ < size) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) {
      const auto wanted = size > block_size ? size : block_size;
      blocks_.push_back({std::make_unique<char[]>(wanted), wanted});
      used_ = 0;
    }
    char* room = blocks_[block_].bytes.get() + used_;
    used_ += size;
    return room;
  }

  void clear() noexcept {
    // One item with a huge value must not hold its memory for ever.
    if (taken_ > keep_bytes)
      blocks_.clear();
    block_ = used_ = taken_ = 0;
  }

private:
  static constexpr std::size_t block_size = 16 << 10;
  static constexpr std::size_t keep_bytes = 256 << 10;

  struct block {
    std::unique_ptr<char[]> bytes;
    std::size_t size;
  };
  std::vector<block> blocks_;
  std::size_t block_ = 0; ///< The one in use.
  std::size_t used_ = 0;  ///< Of it.
  std::size_t taken_ = 0; ///< Of all.
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
    char* room = memory_.take(wanted);
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

} // namespace weir::processors::ottl
