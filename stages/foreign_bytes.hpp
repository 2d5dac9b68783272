#pragma once

#include "net/server/byte_budget.hpp"
#include "storage/disk.hpp"

#include <cstdint>
#include <memory>

namespace weir::stages {

/// Where the bytes of another node's entry are for as long as somebody holds this: in memory, within
/// a budget, or put away on the disk as well, so that they can leave memory. Any thread.
class foreign_bytes {
public:
  /// `bytes` of the budget are taken.
  foreign_bytes(std::shared_ptr<net::byte_budget> budget, std::uint64_t bytes)
      : budget_(std::move(budget)), bytes_(bytes) {}
  /// They stand at this place.
  foreign_bytes(std::shared_ptr<storage::disk> disk, std::uint64_t place)
      : disk_(std::move(disk)), place_(place) {}
  foreign_bytes(const foreign_bytes&) = delete;
  foreign_bytes& operator=(const foreign_bytes&) = delete;
  ~foreign_bytes() {
    if (budget_)
      budget_->give(bytes_);
    if (disk_)
      disk_->drop_spilled(place_);
  }

  /// For disk::read_spilled(); 0: they are in memory alone.
  std::uint64_t place() const noexcept { return place_; }

private:
  std::shared_ptr<net::byte_budget> budget_;
  std::uint64_t bytes_ = 0;
  std::shared_ptr<storage::disk> disk_;
  std::uint64_t place_ = 0;
};

} // namespace weir::stages
