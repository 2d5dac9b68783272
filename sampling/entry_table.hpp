#pragma once

#include "codec/compression.hpp"
#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "core/ids.hpp"
#include "sampling/decision.hpp"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace weir::sampling {

/// An entry as the window keeps it: enough to read its spans again.
struct window_entry {
  entry_id id;
  journal_position position = 0; ///< Where its bytes are, when `packed` is empty.
  shared_bytes packed;           ///< Its payload; may be dropped when memory is short.
  codec::codec_id codec = codec::codec_id::zstd;
  std::uint32_t unpacked_bytes = 0;
  std::uint32_t slots = 0;
  unix_ns first_received = 0; ///< From its header: the time range of blocks made of it.
  unix_ns last_received = 0;
  bool can_read_back = true; ///< False: `packed` is never dropped.
  /// Where its bytes are instead: disk::read_spilled(); 0: in the journal.
  std::uint64_t spilled = 0;
  std::shared_ptr<const void> holds = nullptr; ///< What keeps them there.
  /// Some of its spans have envelopes that count when traces are put together.
  bool large_envelopes = false;
  /// Windows that hold these same bytes; each counts its part of them.
  std::uint32_t sharers = 1;

  /// What `packed` takes of this window's memory.
  std::size_t packed_share() const noexcept { return packed.size() / sharers; }
};

/// The entries that a window has slots of, by small numbers, and which slots those are.
class entry_table {
public:
  /// The number of an entry that is held, or no_entry.
  entry_number find(const entry_id& id) const;

  entry_number add(window_entry entry);

  const window_entry& operator[](entry_number number) const { return rows_[number].entry; }

  /// Marks a slot as held. False: it was before.
  bool hold(entry_number number, slot slot);
  bool holds(entry_number number, slot slot) const;

  /// Gives a slot back; the entry is dropped with its last one.
  void release(entry_number number, slot slot);

  void moved(const entry_id& id, journal_position position);

  /// Drops packed bytes, of the entry added last first, until at most `limit` are left or none can
  /// be dropped. Returns how many entries it set down.
  std::uint64_t set_down(std::size_t limit);

  std::size_t size() const noexcept { return by_id_.size(); }
  std::size_t packed_bytes() const noexcept { return packed_bytes_; }
  /// Entries with large envelopes.
  std::size_t large() const noexcept { return large_; }
  /// Memory in use beside the packed bytes.
  std::size_t bytes() const noexcept { return bytes_; }

  template <class Each>
  void for_each(Each&& each) const {
    for (const auto& [id, number] : by_id_)
      each(number);
  }

private:
  struct row {
    window_entry entry;
    std::vector<std::uint64_t> held; ///< A bit a slot.
    std::uint32_t open = 0;
    std::uint32_t added = 0; ///< Which one it is of those that had this number: for resident_.
  };

  /// Per entry: row, its bits, its places in by_id_ and resident_.
  static std::size_t overhead(const row& row) {
    return sizeof row + row.held.size() * sizeof row.held[0] + 80;
  }
  void drop(entry_number number);
  void trim_resident();

  std::vector<row> rows_;
  std::vector<entry_number> free_;
  std::unordered_map<entry_id, entry_number> by_id_;
  /// Entries with packed bytes in the order they came, with some that are gone.
  std::vector<std::pair<entry_number, std::uint32_t>> resident_;
  std::size_t packed_bytes_ = 0;
  std::size_t bytes_ = 0;
  std::size_t large_ = 0;
};

} // namespace weir::sampling
