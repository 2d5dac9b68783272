#pragma once

#include "storage/files.hpp"
#include "storage/store.hpp"

#include <atomic>
#include <map>
#include <mutex>

namespace weir::storage {

/// Room on the disk: what is used, what is left, whether intake may go on, and the ballast, a
/// preallocated file that is given up when the disk is full, so that settling, cursors and trimming
/// go on. Any thread.
class space {
public:
  space(const options& how, const files& disk);

  /// What must stay free for everything that was taken in to be settled: two memtables and the
  /// write-ahead log's cap.
  std::uint64_t reserve() const noexcept { return reserve_; }

  /// False while intake must stop.
  bool accepts_data() const noexcept { return !full_ && accepts_; }

  /// Bytes went to the disk; counts until the next measure().
  void wrote(std::uint64_t bytes) noexcept;
  /// What really is there, by part: the families' tables as given, the rest is looked up.
  void measure(std::map<std::string, std::uint64_t> tables);
  std::map<std::string, std::uint64_t> usage() const;

  /// A write failed for want of room: intake stops, the ballast goes. True when there was some.
  bool ran_out();
  bool full() const noexcept { return full_; }
  /// Writing works again.
  void recovered() noexcept { full_ = false; }
  /// So many bytes can be written, with the log and all that goes with them.
  bool has_room_for(std::uint64_t bytes) const;
  /// The same, if need be by giving up the ballast. On false intake stops.
  bool make_room_for(std::uint64_t bytes);
  /// Puts the ballast back where there is room for it.
  void restore_ballast();

private:
  void judge(std::uint64_t used);
  std::string ballast() const { return directory_ + "/ballast"; }

  const files& disk_;
  const std::string directory_;
  const std::uint64_t reserve_;
  const std::uint64_t memtable_bytes_;
  const std::uint64_t ballast_bytes_;
  const std::uint64_t quota_; ///< max_bytes less the room in which what is on its way is settled.
  std::atomic<bool> full_ = false;
  std::atomic<bool> accepts_ = true;
  std::atomic<std::uint64_t> measured_ = 0;
  std::atomic<std::uint64_t> written_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> usage_;
};

} // namespace weir::storage
