#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::processors {

/// Bytes that are made while one message is edited: they stay where they are until clear(), which
/// keeps the memory of one chunk, so that a steady state allocates nothing. One thread.
class arena {
public:
  /// `size` bytes to be filled in.
  char* take(std::size_t size) {
    if (size > left_)
      grow(size);
    auto* result = at_;
    at_ += size;
    left_ -= size;
    return result;
  }

  /// Gives back what the last take() did not need.
  void give_back(std::size_t size) noexcept {
    at_ -= size;
    left_ += size;
  }

  std::string_view copy(std::string_view bytes) {
    auto* to = take(bytes.size());
    if (!bytes.empty())
      std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }

  /// All that was taken goes. The largest chunk stays, up to `kept_bytes`.
  void clear() noexcept {
    if (chunks_.empty())
      return;
    std::swap(chunks_.front(), chunks_.back()); // the last is the largest
    chunks_.resize(chunks_.front().size <= kept_bytes ? 1 : 0);
    at_ = chunks_.empty() ? nullptr : chunks_.front().bytes.get();
    left_ = chunks_.empty() ? 0 : chunks_.front().size;
  }

  /// Bytes that it holds, taken or not.
  std::size_t held() const noexcept {
    std::size_t bytes = 0;
    for (const auto& c : chunks_)
      bytes += c.size;
    return bytes;
  }

private:
  struct chunk {
    std::unique_ptr<char[]> bytes;
    std::size_t size = 0;
  };

  static constexpr std::size_t first_bytes = 16 << 10;
  static constexpr std::size_t kept_bytes = 2 << 20;

  void grow(std::size_t size) {
    const auto before = chunks_.empty() ? 0 : chunks_.back().size;
    const auto bytes = std::max({size, first_bytes, 2 * before});
    chunks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
    at_ = chunks_.back().bytes.get();
    left_ = bytes;
  }

  std::vector<chunk> chunks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
};

} // namespace weir::processors
