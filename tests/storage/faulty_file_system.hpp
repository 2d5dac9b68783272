#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <rocksdb/file_system.h>
#include <string>
#include <thread>
#include <vector>

namespace weir::storage {

/// A file system for tests: a real directory, on a disk that can lose power, fail and be full.
///
/// Power cut: cut_power(), destroy whatever has files open, restore_power(). Then every file ends
/// where it was last synced (or, if `torn`, at a random place behind that), what was written over
/// since then is as before (from a random place on), and files made, renamed
/// or removed since their directory was last synced are not, or are there again. Between the two
/// calls every write fails.
///
/// Any thread.
class faulty_file_system final : public rocksdb::FileSystemWrapper {
public:
  /// @param root the directory it may be used for; it keeps what was deleted in `root`/.deleted
  explicit faulty_file_system(std::string root);

  void cut_power();
  /// @param torn draws how much of what was not synced stays; null: nothing of it
  void restore_power(std::mt19937_64* torn = nullptr);

  /// The n-th write (sync, read) from now on fails with EIO, once; 1 is the next. 0 takes it back.
  void fail_write(std::uint64_t n);
  /// Only of the calling thread's: where a flush in the background fails to sync a log that the
  /// writer syncs at the same time, Debian's build of RocksDB aborts (a check of its own).
  void fail_sync(std::uint64_t n);
  void fail_read(std::uint64_t n);
  /// The size of the disk. What does not fit fails with ENOSPC.
  void set_quota(std::uint64_t bytes);
  std::uint64_t used() const;
  /// Faults that struck.
  std::uint64_t faults() const;

  const char* Name() const override { return "faulty"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReuseWritableFile(const std::string& path, const std::string& old_path,
                                      const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& source, const std::string& new_name,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LinkFile(const std::string& source, const std::string& new_name,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus Truncate(const std::string& path, std::size_t size,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options,
                                 std::uint64_t* bytes, rocksdb::IODebugContext* debug) override;

private:
  friend class faulty_writable_file;
  friend class faulty_random_access_file;
  friend class faulty_directory;

  /// The content of a file, whatever it is called.
  struct content {
    std::uint64_t size = 0;
    std::uint64_t synced = 0;
    /// What was there before it was written over, since the last sync: place and bytes, in order.
    std::vector<std::pair<std::uint64_t, std::string>> before;
  };
  /// What takes one change of a directory back. A file moved between two has moved for good when
  /// either is synced, as file systems with a journal have it.
  struct undo {
    std::string directory;
    std::string remove;          ///< This path goes,
    std::string source, restore; ///< or what is kept as `source` is at `restore` again.
  };

  rocksdb::IOStatus may_change(std::uint64_t bytes);
  rocksdb::IOStatus rename(const std::string& source, const std::string& new_name,
                           const rocksdb::IOOptions& options, rocksdb::IODebugContext* debug);
  std::shared_ptr<content> known(const std::string& path);
  static void take_back(const std::string& path, content& content, std::mt19937_64* torn);
  rocksdb::IOStatus strike(std::uint64_t& countdown);
  rocksdb::IOStatus before_sync();
  rocksdb::IOStatus before_read();
  void forget_undo(const std::string& directory);
  /// Moves what is at `path` to the deleted ones.
  std::string bury(const std::string& path);
  std::uint64_t used_locked() const;

  const std::string root_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<content>> files_;
  std::vector<undo> undos_;
  bool powered_ = true;
  std::uint64_t buried_ = 0;
  std::uint64_t until_write_ = 0, until_sync_ = 0, until_read_ = 0;
  std::thread::id sync_thread_;
  std::uint64_t faults_ = 0;
  std::uint64_t quota_ = std::numeric_limits<std::uint64_t>::max() / 2;
};

} // namespace weir::storage
