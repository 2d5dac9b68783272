#pragma once

#include <atomic>
#include <cstdint>

namespace weir::net {

/// Connections beyond the shares of their listeners, of all listeners together. Any thread.
class common_connections {
public:
  explicit common_connections(std::uint32_t limit = 0) noexcept : limit_(limit) {}

  bool take() noexcept {
    if (used_.fetch_add(1, std::memory_order_relaxed) < limit_)
      return true;
    give();
    return false;
  }
  void take_anyway() noexcept { used_.fetch_add(1, std::memory_order_relaxed); }
  void give() noexcept { used_.fetch_sub(1, std::memory_order_relaxed); }

private:
  const std::uint32_t limit_;
  std::atomic<std::int64_t> used_{0};
};

/// How many connections one listener may have: a share that nobody else can take, and then of the
/// common ones as long as there are any. Any thread.
class connection_room {
public:
  connection_room(common_connections& common, std::uint32_t share) noexcept
      : common_(&common), share_(share) {}

  /// False: no room.
  bool enter() noexcept {
    if (open_.fetch_add(1, std::memory_order_relaxed) < share_ || common_->take())
      return true;
    // One that left meanwhile has given back a common one that this never had.
    if (open_.fetch_sub(1, std::memory_order_relaxed) <= share_)
      common_->take_anyway();
    return false;
  }

  /// For one in whose place another goes.
  void enter_anyway() noexcept {
    if (open_.fetch_add(1, std::memory_order_relaxed) >= share_)
      common_->take_anyway();
  }

  void leave() noexcept {
    if (open_.fetch_sub(1, std::memory_order_relaxed) > share_)
      common_->give();
  }

private:
  common_connections* common_;
  const std::uint32_t share_;
  std::atomic<std::uint32_t> open_{0};
};

} // namespace weir::net
