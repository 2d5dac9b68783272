#pragma once

#include "net/byte_budget.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace weir::net {

/// The body of a request while it comes in: each byte is copied once, counted against the budget as
/// it comes, and a length that was only promised costs nothing beyond `first_step`.
class body_buffer {
public:
  enum class verdict : std::uint8_t { ok, too_large, no_room };

  /// Bytes that are reserved at once on the word of a length.
  static constexpr std::uint64_t first_step = 256 << 10;

  body_buffer() = default;
  body_buffer(std::shared_ptr<byte_budget> budget, std::uint64_t max_bytes)
      : reservation_(std::move(budget)), max_bytes_(max_bytes) {}

  /// The body is said to have `length` bytes.
  verdict expect(std::uint64_t length) {
    if (length > max_bytes_)
      return verdict::too_large;
    expected_ = length;
    if (!reservation_.grow_to(std::min(length, first_step)))
      return verdict::no_room;
    bytes_.reserve(std::min(length, first_step));
    return verdict::ok;
  }

  verdict append(std::string_view piece) {
    const auto total = bytes_.size() + piece.size();
    if (total > max_bytes_)
      return verdict::too_large;
    if (total > reservation_.bytes()
        && !reservation_.grow_to(std::max<std::uint64_t>(total, std::min(2 * total, expected_))))
      return verdict::no_room;
    bytes_.append(piece);
    return verdict::ok;
  }

  std::uint64_t size() const noexcept { return bytes_.size(); }
  std::string take_bytes() noexcept { return std::move(bytes_); }
  byte_reservation take_reservation() noexcept { return std::move(reservation_); }

  void discard() {
    std::string().swap(bytes_);
    reservation_.release();
  }

private:
  byte_reservation reservation_;
  std::string bytes_;
  std::uint64_t max_bytes_ = 0, expected_ = 0;
};

} // namespace weir::net
