#pragma once

#include "cluster/slot_set.hpp"
#include "core/error.hpp"
#include "core/ids.hpp"

#include <string>
#include <string_view>
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
///  batch
///     that holds the outcome, so memory and disk say the same after every commit.
///
/// Pure; one thread.
class progress {
public:
  /// Notes that `s` of `entry` (which has `slots` slots) is decided, kept or dropped.
  /// False when it was settled before: then its spans must not be logged again.
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

  /// Drops what the origin has announced as forgotten: its entries of `epoch` below `below`.
  void forget(node_id node, epoch epoch, sequence below);

  std::size_t entries() const noexcept { return records_.size(); }

private:
  struct record {
    slot_set settled;
    slot_set kept;
  };
  std::unordered_map<entry_id, record> records_;
};

} // namespace weir::cluster
