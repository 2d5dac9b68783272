#pragma once

#include "core/error.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <rocksdb/db.h>
#include <string>
#include <thread>
#include <vector>

namespace weir::relay {

/// One request on its way through the disk.
struct parcel {
  std::string packed;
  std::size_t unpacked_bytes = 0;
  std::function<void()> on_durable;
  std::function<void(parcel&&)> on_hand_over; ///< After on_durable, on the disk's thread.
};

/// Writes parcels to RocksDB in groups, one fsync a group, and hands them over when they are
/// durable. Deletes them in ranges behind itself.
class disk {
public:
  /// `gather`: how long a group waits for more before it is written.
  static result<std::unique_ptr<disk>> open(const std::string& directory,
                                            std::chrono::milliseconds gather);
  ~disk();

  /// Any thread.
  void put(parcel&& next);

private:
  disk(std::unique_ptr<rocksdb::DB> database, std::chrono::milliseconds gather);
  void run();
  void write(std::vector<parcel>& group);

  std::unique_ptr<rocksdb::DB> database_;
  std::chrono::milliseconds gather_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<parcel> waiting_;
  bool stopping_ = false;
  std::uint64_t next_key_ = 0;
  std::uint64_t first_key_ = 0;
  std::thread thread_;
};

} // namespace weir::relay
