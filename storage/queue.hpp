#pragma once

#include "storage/keys.hpp"
#include "storage/store.hpp"

#include <atomic>
#include <rocksdb/db.h>

namespace weir::storage {

/// Records under rising positions, read from the front and trimmed there: journal, log, dead
/// letters. Bounds may be read from any thread; the rest says self.
struct queue {
  queue(rocksdb::ColumnFamilyHandle* family, std::string prefix)
      : family(family), prefix(std::move(prefix)) {}

  /// Reads the bounds back. @param floor what the head mark says
  rocksdb::Status load(rocksdb::DB& db, const bounds& floor);

  bounds held() const noexcept {
    const auto begin = first.load();
    return {begin, std::max(begin, next.load())};
  }
  std::string key(std::uint64_t position) const;
  /// Moves the front, never back, never past the end.
  void trim(std::uint64_t below) noexcept;
  /// A record was written.
  void extend(std::uint64_t position) noexcept;

  rocksdb::ColumnFamilyHandle* const family;
  const std::string prefix;
  std::atomic<std::uint64_t> first = 0;
  std::atomic<std::uint64_t> next = 0;
  /// What the synced head mark says. Only maintain() changes it.
  std::atomic<std::uint64_t> durable_first = 0;
};

/// The value of a head mark, behind its version.
std::string encode(const bounds& bounds);
bounds decode_bounds(std::string_view value);

/// What one pipeline has on disk.
struct pipeline_log {
  pipeline_log(pipeline_id pipeline, rocksdb::ColumnFamilyHandle* blocks,
               rocksdb::ColumnFamilyHandle* index, rocksdb::ColumnFamilyHandle* letters);

  const pipeline_id pipeline;
  queue blocks;
  queue letters;
  rocksdb::ColumnFamilyHandle* const index;
  /// The newest block's time in the index: it goes back where a clock was set back by much, and
  /// else never, so that a time is found exactly. For the writer.
  std::atomic<unix_ns> last_time = 0;
};

} // namespace weir::storage
