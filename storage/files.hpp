#pragma once

#include "core/error.hpp"

#include <memory>
#include <rocksdb/file_system.h>
#include <string>
#include <string_view>
#include <vector>

namespace weir::storage {

/// Takes from everybody but the user what access there is to a file or directory.
void keep_private(const std::string& path, bool directory);

/// The small things done with files, on the database's own file system, so that tests with a faulty
/// disk see them too. Any thread.
class files {
public:
  explicit files(std::shared_ptr<rocksdb::FileSystem> system) : system_(std::move(system)) {}

  rocksdb::FileSystem& system() const noexcept { return *system_; }

  bool exists(const std::string& path) const;
  /// errc::not_found, errc::io.
  result<std::string> read(const std::string& path) const;
  /// All or nothing: beside, synced, renamed. `lasting`: the directory is synced too.
  result<void> replace(const std::string& path, std::string_view content, bool lasting) const;
  result<void> remove(const std::string& path) const;
  result<void> rename(const std::string& source, const std::string& target) const;
  result<void> link(const std::string& source, const std::string& target) const;
  result<void> truncate(const std::string& path, std::uint64_t bytes) const;
  /// Makes the directory if it is missing, for this user alone, and its parents, as usual.
  result<void> make_directory(const std::string& path) const;
  /// False when it is not empty, or none.
  bool remove_empty_directory(const std::string& path) const;
  result<void> sync(const std::string& path) const;
  result<void> sync_directory(const std::string& path) const;
  /// Names in a directory, sorted, without . and ..; none where it cannot be read.
  std::vector<std::string> list(const std::string& directory) const;
  /// 0 where it is missing.
  std::uint64_t size(const std::string& path) const;
  /// Seconds since 1970 of the last change; 0 where it is missing.
  std::uint64_t modified(const std::string& path) const;
  std::uint64_t free_space(const std::string& path) const;
  /// Makes a file of this size whose blocks are taken on the disk.
  result<void> preallocate(const std::string& path, std::uint64_t bytes) const;

private:
  std::shared_ptr<rocksdb::FileSystem> system_;
};

} // namespace weir::storage
