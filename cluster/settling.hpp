#pragma once

#include "cluster/slot_set.hpp"
#include "core/clock.hpp"
#include "core/ids.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir::cluster {

/// What the origin knows of one open entry.
struct open_entry {
  entry_id id;
  pipeline_id pipeline = 0;
  journal_position position = 0;
  steady_ns received = 0; ///< On this process's steady clock; clamped ages after a restart.
  std::uint32_t unpacked_bytes = 0;
  slot_set settled;
  /// By slot, of its trace; empty: they are not looked at, as there is no cluster.
  std::vector<partition> partitions = {};
  bool held = false;                ///< Nothing of it is sent: its pipeline is gone.
  unsigned turned_away = 0;         ///< How often, since the owners changed last.
  std::vector<node_id> unsent = {}; ///< Owners that it is to be sent to. Kept by settling.
};

/// An epoch's low-water mark: everything below is forgotten, and that is durable.
struct low_water {
  node_id node = 0;
  weir::epoch epoch = 0;
  sequence below = 0;
};

/// The origin's side of settling: which entries are open, which of their slots are settled, what
/// may be forgotten, where the journal begins, what has to be sent.
///
/// Invariants:
///  1. An entry stays open until every one of its slots was reported as settled.
///  2. head() is never above the position of an open entry, nor above a position that was given out
///     and has not been seen here: an entry that is on its way to the disk may come to stand there.
///  3. Low-water marks reach no entry whose bytes may still stand in the journal, open or
///  forgotten:
///     an owner that drops progress below them cannot be asked about those entries again, not even
///     after a restart that reads the journal back.
///  4. An entry is sent again after any doubt; what it knows as settled goes along.
///  5. Each slot that is open, and not held, was sent to the owner of its partition since that one
///  became the owner, or the entry is unsent to it.
///
/// Pure; one thread. `now` and `received` are on the same steady clock.
class settling {
public:
  /// `next`: the position that will be given out next (head of an empty journal). From there on
  /// positions come one by one, each to an entry or to a moved one, if not quite in order.
  /// `self` owns all partitions until owners are known.
  explicit settling(journal_position next, node_id self = 0) : next_(next), self_(self) {}

  /// An entry was made durable, or read back from the journal. An id that is open already at
  /// another position (a moved entry whose old copy was still there) keeps the later position.
  void add(open_entry entry);

  /// An owner has progress of this entry, which may be gone from the journal: marks reach it then.
  void has_progress(const entry_id& id);

  const open_entry* find(const entry_id& id) const;

  /// Slots reported as settled. Unknown entries are ignored (forgotten already). Returns true when
  /// that was the entry's last slot: it is forgotten now.
  bool settle(const entry_id& id, const std::vector<slot>& slots);

  /// The same for an entry that cannot be read any more (damaged): nothing of it is open.
  bool abandon(const entry_id& id);

  void mark_sent(const entry_id& id, node_id owner);
  /// The entries of one pipeline (it is back) are to be sent again, as if they had been received at
  /// `received` at the earliest: they have not waited for each other yet.
  void resend(pipeline_id pipeline, steady_ns received);

  /// The entries of one pipeline have no owner at the moment: none of them is to be sent until
  /// resend().
  void hold(pipeline_id pipeline);

  /// Open entries of a pipeline.
  std::size_t entries_of(pipeline_id pipeline) const;

  /// The entry that is unsent to this owner and was received first, wherever it stands now, behind
  /// the first `skipped` ones; null: there is none. Valid until the next call that is not const.
  const open_entry* next_unsent(node_id owner, std::size_t skipped = 0) const;
  /// When the first of them was received: everything received before it has been sent there.
  std::optional<steady_ns> oldest_unsent(node_id owner) const;
  /// The same of all owners.
  std::optional<steady_ns> oldest_unsent() const;
  /// Entries that are unsent to anybody.
  std::size_t unsent() const noexcept;

  // -- owners --
  /// Owners by partition, of one pipeline each.
  using owners_by_pipeline = std::map<pipeline_id, std::vector<node_id>>;
  /// Who owns which partition from now on, by partition: what is open and has another owner is
  /// unsent to that one. 0: nobody does. `differing`: of pipelines that have other owners.
  void change_owners(std::vector<node_id> owners, owners_by_pipeline differing = {});
  /// What was sent to this owner is in doubt: its link broke, or it is another boot.
  void send_again(node_id owner);
  /// The owner did not take these slots, or has dropped them: those that it owns are unsent to it.
  /// Others were sent to somebody else since.
  void turned_away(const entry_id& id, const std::vector<slot>& slots, node_id owner);
  /// Slots that an owner is to leave alone: they are settled, or not its own.
  slot_set left_alone(const open_entry& entry, node_id owner) const;

  /// Everything below this position is forgotten.
  journal_position head() const noexcept;

  /// Marks that rose since the last call. `gone`: everything in the journal below this position is
  /// gone for good, and that is synced.
  std::vector<low_water> take_low_water_marks(journal_position gone);

  /// All that were taken so far: for an owner that has not heard them.
  std::vector<low_water> low_water_marks() const;

  /// Head entries that hold the journal's tail: received before `before`, with fewer than one in
  /// `ratio` of the positions behind the first still open. They should be written again at the
  /// tail. The first `most` of them.
  std::vector<open_entry> stuck(steady_ns before, std::uint64_t ratio, std::size_t most) const;

  /// The entry is about to be written again at `target`, and may be settled before it is.
  void begin_move(const entry_id& id, journal_position target);
  /// It was.
  void move(const entry_id& id, journal_position target);

  /// What is open, the oldest first, and to whom it is to be sent: for a person.
  std::string describe(std::size_t most = 5) const;

  std::size_t entries() const noexcept { return by_position_.size(); }
  std::uint64_t open_slots() const noexcept { return open_slots_; }

private:
  void forget(const open_entry& entry);
  void stands_at(journal_position position, const entry_id& id);
  void seen(journal_position position);
  void gone_from(const entry_id& id);
  node_id owner_of(const open_entry& entry, slot s) const;
  std::vector<node_id> owners_of(const open_entry& entry) const;
  void set_unsent(open_entry& entry, std::vector<node_id> owners);
  void clear_unsent(const open_entry& entry);

  struct epoch_key {
    node_id node;
    weir::epoch epoch;
    friend auto operator<=>(const epoch_key&, const epoch_key&) = default;
  };
  struct epoch_state {
    std::map<sequence, unsigned> in_journal; ///< Positions at which each may stand.
    sequence next = 1;                       ///< One past the highest seen.
    sequence announced = 0;
  };

  epoch_state& epoch_of(const entry_id& id);

  std::map<journal_position, open_entry> by_position_;
  std::unordered_map<entry_id, journal_position> positions_;
  /// By time of receipt, as a moved entry's position says nothing of its age.
  using queue = std::set<std::pair<steady_ns, journal_position>>;
  std::map<node_id, queue> unsent_;                 ///< By owner. None is empty.
  std::map<journal_position, entry_id> in_journal_; ///< What is not known to be gone.
  std::map<epoch_key, epoch_state> epochs_;
  journal_position next_; ///< The lowest position not seen.
  node_id self_;
  std::vector<node_id> owners_;           ///< By partition; empty: `self_` owns all.
  owners_by_pipeline differing_;          ///< Of pipelines that have others.
  std::set<journal_position> seen_ahead_; ///< Seen above it.
  std::uint64_t open_slots_ = 0;
};

} // namespace weir::cluster
