#pragma once

#include <deque>
#include <mutex>
#include <rocksdb/file_system.h>
#include <string>

namespace weir::storage {

/// Has the write-ahead log written over blocks that the disk gave out before: then fdatasync is a
/// write of data and nothing else. Where the file grows it waits for the file system's journal, and
/// so for whatever else that journal holds (on ext4 the data of tables that are being flushed).
///
/// A log that RocksDB deletes is kept, filled with zeros by add_spare(), and handed out as the next
/// log. RocksDB could write old logs again by itself (recycle_log_file_num), but 7.8.3 not with
/// point-in-time recovery, and with track_and_verify_wals_in_manifest it crashes.
///
/// Any thread.
class wal_files final : public rocksdb::FileSystemWrapper {
public:
  /// @param spares directory for the spares, '/' at its end; made with the first one
  wal_files(std::shared_ptr<rocksdb::FileSystem> below, std::string spares);

  /// Makes one more spare of at least `bytes`, of an old log if there is one. Blocks. Does nothing
  /// where there are enough.
  void add_spare(std::uint64_t bytes);
  /// The newest log is a file that grows, and there is a spare for the next.
  bool better_one_ready();
  /// Gives their room back.
  void drop_spares();

  const char* Name() const override { return "weir-wal-files"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

private:
  std::string new_name(std::string_view ending);
  rocksdb::IOStatus sync_names();
  std::string take(std::deque<std::string>& from);

  const std::string spares_;
  std::mutex mutex_;
  std::deque<std::string> ready_; ///< Full of zeros, synced.
  std::deque<std::string> used_;  ///< Old logs.
  std::uint64_t last_name_ = 0;
  bool grows_ = true;
};

} // namespace weir::storage
