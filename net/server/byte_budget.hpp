#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace weir::net {

/// Bytes that all connections together may hold in bodies. Any thread.
class byte_budget {
public:
  explicit byte_budget(std::uint64_t limit) : limit_(limit) {}

  bool take(std::uint64_t bytes) noexcept {
    if (used_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= limit_)
      return true;
    give(bytes);
    return false;
  }

  void give(std::uint64_t bytes) noexcept { used_.fetch_sub(bytes, std::memory_order_relaxed); }

  std::uint64_t used() const noexcept { return used_.load(std::memory_order_relaxed); }

private:
  const std::uint64_t limit_;
  std::atomic<std::uint64_t> used_{0};
};

/// Bytes taken from a budget, given back when this goes. For one thread at a time.
class byte_reservation {
public:
  byte_reservation() = default;
  explicit byte_reservation(std::shared_ptr<byte_budget> budget) : budget_(std::move(budget)) {}
  byte_reservation(byte_reservation&& other) noexcept
      : budget_(std::move(other.budget_)), bytes_(std::exchange(other.bytes_, 0)) {}
  byte_reservation& operator=(byte_reservation&& other) noexcept {
    release();
    budget_ = std::move(other.budget_);
    bytes_ = std::exchange(other.bytes_, 0);
    return *this;
  }
  ~byte_reservation() { release(); }

  /// Holds `total` bytes from now on. False: no room, what was held stays held.
  bool grow_to(std::uint64_t total) noexcept {
    if (total <= bytes_)
      return true;
    if (!budget_->take(total - bytes_))
      return false;
    bytes_ = total;
    return true;
  }

  void release() noexcept {
    if (bytes_)
      budget_->give(std::exchange(bytes_, 0));
  }

  std::uint64_t bytes() const noexcept { return bytes_; }

private:
  std::shared_ptr<byte_budget> budget_;
  std::uint64_t bytes_ = 0;
};

} // namespace weir::net
