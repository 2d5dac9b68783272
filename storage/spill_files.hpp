#pragma once

#include "core/error.hpp"
#include "storage/files.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace weir::storage {

/// Bytes that are put away for a while because memory is short, in files of their own beside the
/// database (ARCHITECTURE.md, Decisions, says why not in it). Nothing is synced, and nothing
/// outlives the process.
///
/// Files are filled one after the other, and a file goes when nothing in it is held any more: who
/// drops roughly in the order of putting has little more on the disk than what is held. Each piece
/// has its place and checksums in front.
///
/// Any thread, but for what says self.
class spill_files {
public:
  /// @param directory made with the first bytes
  /// @param least_file_bytes size of a file; more where there would be too many, less where the
  /// bound is small
  spill_files(const files& disk, std::string directory, std::uint64_t least_file_bytes);
  ~spill_files();

  /// Removes everything, of processes before too. While no other call runs.
  void clear();

  /// @param most bytes that may be on the disk with these
  /// @returns their place, never 0. errc::full: the bound is reached, or the disk has no room;
  /// errc::io: they could not be written
  result<std::uint64_t> put(std::string_view bytes, std::uint64_t most);

  /// errc::not_found: nothing is held there. errc::corrupt: it is not what was put. errc::io.
  result<std::string> read(std::uint64_t place) const;

  /// @pre what put() gave, once; nobody reads it any more
  void drop(std::uint64_t place);

  /// Removes the files that hold nothing. One thread at a time; it may block.
  void remove_unused();

  /// On the disk.
  std::uint64_t bytes() const noexcept { return bytes_; }

private:
  struct file;
  using file_map = std::map<std::uint64_t, std::shared_ptr<file>>;

  result<void> begin_file();
  rocksdb::IOStatus append(std::uint64_t place, std::string_view bytes);
  void seal_newest();
  void give_up_newest();

  const files& disk_;
  const std::string directory_;
  const std::uint64_t least_file_bytes_;
  std::atomic<std::uint64_t> bytes_ = 0;

  std::mutex writing_; ///< Before `mutex_`; guards what follows.
  std::shared_ptr<file> newest_;
  std::uint64_t next_ = 1;

  mutable std::mutex mutex_; ///< Never held while the disk is asked.
  file_map files_;           ///< By the place of their first byte.

  std::vector<std::shared_ptr<file>> unused_; ///< For remove_unused(): those still to be removed.
};

} // namespace weir::storage
