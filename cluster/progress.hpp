#pragma once

#include "cluster/slot_set.hpp"
#include "core/error.hpp"
#include "core/ids.hpp"

#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace weir::cluster {

/// An owner's record of the slots it has settled, by entry: what makes sending an entry again
/// harmless.
///
/// Invariants:
///  1. A slot, once in, stays in until the origin announced that the entry is forgotten.
///  2. settle() says true once for each (entry, slot): a slot is logged at most once.
///  3. What encode() gave, and nothing else, is what load() restores: the caller writes it in the
///     batch that holds the outcome, so memory and disk say the same after every commit.
///
/// Pure; one thread.
class progress {
public:
  /// Notes that `s` of `entry` (which has `slots` slots) is decided, kept or dropped.
  /// False: its spans must not be logged again, as it was settled before. So was all of an entry
  /// that is forgotten, if by another owner: what is left of it here was sent before that.
  bool settle(const entry_id& entry, std::uint32_t slots, slot s, bool kept);

  bool settled(const entry_id& entry, slot s) const;

  /// The settled slots of an entry; null when there is none.
  const slot_set* find(const entry_id& entry) const;

  /// The record of an entry, for the disk. Format version 1:
  /// version u8 | slots u32 LE | settled bits | kept bits, each ceil(slots / 8) bytes.
  std::string encode(const entry_id& entry) const;

  /// Restores a record; errc::corrupt when it is none, errc::unsupported when a newer Weir wrote
  /// it.
  result<void> load(const entry_id& entry, std::string_view record);

  /// Puts what another owner has settled of an entry to what is known here; true: there was
  /// something new. Errors as load(), errc::corrupt where the two cannot be of one entry.
  result<bool> merge(const entry_id& entry, std::string_view record);

  /// These slots are settled, whatever became of them.
  void note(const entry_id& entry, const slot_set& settled);

  /// Calls `each(entry)` for all records.
  template <class Each>
  void for_each(Each&& each) const {
    for (const auto& [entry, record] : records_)
      each(entry);
  }

  /// Drops what the origin has announced as forgotten: its entries of `epoch` below `below`.
  void forget(node_id node, epoch epoch, sequence below);

  std::size_t entries() const noexcept { return records_.size(); }

  /// Whose entries there are records of, and above them all: what forget() takes to drop them.
  std::vector<std::tuple<node_id, weir::epoch, sequence>> epochs() const;

  /// Marks that are remembered; of more the oldest go, and what others say of entries below them
  /// counts again, until it is forgotten again.
  static constexpr std::size_t most_marks = 4096;

private:
  struct record {
    slot_set settled;
    slot_set kept;
  };
  static result<record> read(std::string_view bytes);
  bool is_forgotten(const entry_id& entry) const;

  std::unordered_map<entry_id, record> records_;
  /// Marks of each epoch: what another owner says of entries below comes too late.
  struct mark {
    sequence below = 0;
    std::uint64_t order = 0; ///< Rises with each that is new.
  };
  std::map<std::pair<node_id, weir::epoch>, mark> forgotten_;
  std::uint64_t next_order_ = 0;
};

} // namespace weir::cluster
