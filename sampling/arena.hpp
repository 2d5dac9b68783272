#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace weir::sampling {

/// Bytes copied in once that stay where they are until all of it goes. Moving it moves no bytes.
class arena {
public:
  /// `size` bytes to be filled in, at least until the next call.
  char* take(std::size_t size) {
    if (size > left_) {
      const auto chunk = std::max(size, chunk_bytes);
      chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk));
      at_ = chunks_.back().get();
      left_ = chunk;
      held_ += chunk;
    }
    auto* result = at_;
    at_ += size;
    left_ -= size;
    return result;
  }

  std::string_view copy(std::string_view bytes) {
    auto* to = take(bytes.size());
    if (!bytes.empty())
      std::memcpy(to, bytes.data(), bytes.size());
    return {to, bytes.size()};
  }

  /// Memory held.
  std::size_t bytes() const noexcept { return held_; }

private:
  static constexpr std::size_t chunk_bytes = 256 << 10;

  std::vector<std::unique_ptr<char[]>> chunks_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t held_ = 0;
};

} // namespace weir::sampling
