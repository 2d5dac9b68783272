#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <rocksdb/file_system.h>
#include <string>
#include <vector>

namespace weir::storage {

class guarded_file;

/// Has the write-ahead log written over blocks that the disk gave out before: then fdatasync is a
/// write of data and nothing else. Where the file grows it waits for the file system's journal, and
/// so for whatever else that journal holds (on ext4 the data of tables that are being flushed).
///
/// A log that RocksDB deletes is kept, filled with zeros by add_spare(), and handed out as the next
/// log. RocksDB could write old logs again by itself (recycle_log_file_num), but 7.8.3 not with
/// point-in-time recovery, and with track_and_verify_wals_in_manifest it crashes.
///
/// RocksDB is not told when a log cannot be written or synced: it would sync that log again with
/// the next flush, upon which Debian's build of it (with assertions) ends the process. Instead
/// failure() says it, and from then on nothing reaches the disk any more: RocksDB must not note
/// down as flushed what it takes to be logged. The one self writes looks at failure() after each
/// write.
///
/// A log is synced before the next one is begun, and the oldest is deleted first: after a kill or a
/// power cut, whatever is left of the logs is all that was written from some commit to another, and
/// nothing beyond a gap.
///
/// Any thread.
class wal_files final : public rocksdb::FileSystemWrapper {
public:
  /// @param spares directory for the spares, '/' at its end; made with the first one
  wal_files(std::shared_ptr<rocksdb::FileSystem> below, std::string spares);

  /// Makes one more spare of at least `bytes`, of an old log if there is one. Blocks. Does nothing
  /// where there are `enough` already.
  void add_spare(std::uint64_t bytes, std::size_t enough);
  /// The newest log is a file that grows, and there is a spare for the next.
  bool better_one_ready();
  /// Gives their room back, and that of logs deleted from now on.
  void drop_spares();

  /// Why a log could not be written; OK as long as all could.
  rocksdb::IOStatus failure() const;
  bool failed() const noexcept { return failed_; }

  const char* Name() const override { return "weir-wal-files"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

private:
  friend class guarded_file;

  void fail(const rocksdb::IOStatus& why);
  bool sync_newest();
  void forget(const guarded_file& closed);
  std::string new_name(std::string_view ending);
  rocksdb::IOStatus sync_names();
  rocksdb::IOStatus list_logs_up_to(const std::string& path, std::vector<std::string>& logs);
  std::string retire(const std::string& log, const rocksdb::IOOptions& options,
                     rocksdb::IODebugContext* debug);
  std::string take(std::deque<std::string>& files);

  const std::string spares_;
  mutable std::mutex mutex_;
  std::deque<std::string> ready_; ///< Full of zeros, synced.
  std::deque<std::string> used_;  ///< Old logs.
  std::uint64_t last_name_ = 0;
  bool wanted_ = false; ///< Old logs are kept.
  bool grows_ = true;
  std::mutex newest_mutex_; ///< Held while the newest log is synced; before `mutex_`.
  guarded_file* newest_ = nullptr;
  rocksdb::IOStatus failure_;
  std::atomic<bool> failed_ = false;
};

} // namespace weir::storage
