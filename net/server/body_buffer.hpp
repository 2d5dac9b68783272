#pragma once

#include "net/server/byte_budget.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace weir::net {

/// The body of a request while it comes in, counted against the budget as it comes: a length that
/// was only promised costs nothing, room is made for a few times what is there.
class body_buffer {
public:
  enum class result : std::uint8_t { ok, too_large, no_room };

  body_buffer() = default;
  /// @param spare where it goes on when there is no room under `budget`
  body_buffer(const std::shared_ptr<byte_budget>& budget, std::shared_ptr<byte_budget> spare,
              std::uint64_t max_bytes)
      : reservation_(budget), spare_(std::move(spare)), max_bytes_(max_bytes) {}

  /// The body is said to have `length` bytes.
  result expect(std::uint64_t length) {
    if (length > max_bytes_)
      return result::too_large;
    expected_ = length;
    return result::ok;
  }

  result append(std::string_view piece) {
    const auto total = bytes_.size() + piece.size();
    if (total > max_bytes_)
      return result::too_large;
    if (total > reservation_.bytes()) {
      const auto room = std::max<std::uint64_t>(total, std::min(growth * total, expected_));
      if (!reservation_.grow_to(room)
          && (spared_ || !go_on_spare() || !reservation_.grow_to(total)))
        return result::no_room;
      bytes_.reserve(room);
    }
    bytes_.append(piece);
    return result::ok;
  }

  /// Goes on under the spare budget, with what has come. False: there is no room either.
  bool go_on_spare() {
    byte_reservation other(spare_);
    if (!other.grow_to(bytes_.size()))
      return false;
    reservation_ = std::move(other);
    spared_ = true;
    return true;
  }

  /// It counts against the spare budget.
  bool spared() const noexcept { return spared_; }

  std::uint64_t size() const noexcept { return bytes_.size(); }
  /// Bytes that are reserved for it.
  std::uint64_t held() const noexcept { return reservation_.bytes(); }
  std::string take_bytes() noexcept { return std::move(bytes_); }
  byte_reservation take_reservation() noexcept { return std::move(reservation_); }

  void discard() {
    std::string().swap(bytes_);
    reservation_.release();
  }

private:
  static constexpr std::uint64_t growth = 4;

  byte_reservation reservation_;
  std::string bytes_;
  std::shared_ptr<byte_budget> spare_;
  std::uint64_t max_bytes_ = 0, expected_ = 0;
  bool spared_ = false;
};

} // namespace weir::net
