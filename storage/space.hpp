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
  /// @pre `options` are fitted()
  space(const options& options, const files& disk);

  /// What must stay free for everything that was taken in to be settled: two memtables and the
  /// write-ahead log's cap.
  std::uint64_t reserve() const noexcept { return reserve_; }

  /// False while intake must stop.
  bool accepts_data() const noexcept { return !full_ && why_ == refusal::none; }
  /// As measure() last saw it.
  storage::room room() const;
  /// Another quota from now on. errc::invalid_argument below what the memtables in use need.
  result<void> set_max_bytes(std::uint64_t bytes);

  /// Bytes went to the disk; counts until the next measure().
  void wrote(std::uint64_t bytes) noexcept;
  /// What really is there, by part: the families' tables as given, the rest is looked up.
  /// @param in_memory of the families' bytes, those that are in the write-ahead log still
  void measure(std::map<std::string, std::uint64_t> tables, std::uint64_t in_memory);
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
  /// So many bytes can be written that nobody is owed: intake is still some way from having to stop
  /// then.
  bool has_room_to_spare(std::uint64_t bytes) const;
  /// Puts the ballast back where there is room for it.
  void restore_ballast();

private:
  void judge(std::uint64_t used);
  std::uint64_t limit() const noexcept;
  std::uint64_t headroom() const noexcept;
  std::string ballast() const { return directory_ + "/ballast"; }

  const files& disk_;
  const std::string directory_;
  const std::uint64_t memtable_bytes_;
  const std::uint64_t max_wal_bytes_;
  const std::uint64_t reserve_;
  const std::uint64_t ballast_bytes_;
  std::atomic<std::uint64_t> max_bytes_;
  std::atomic<bool> full_ = false;
  std::atomic<refusal> why_ = refusal::none;
  std::atomic<std::uint64_t> measured_ = 0;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> written_before_ = 0; ///< Between the two measurements before.
  std::atomic<std::uint64_t> free_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> usage_;
};

} // namespace weir::storage
