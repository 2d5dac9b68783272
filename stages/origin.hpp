#pragma once

#include "cluster/progress.hpp"
#include "cluster/settling.hpp"
#include "codec/compression.hpp"
#include "net/server/byte_budget.hpp"
#include "stages/messages.hpp"
#include "stages/sabotage.hpp"
#include "storage/disk.hpp"

#include <atomic>
#include <deque>
#include <optional>
#include <set>
#include <unordered_set>

namespace weir::stages {

/// The next free journal position: the intake's and the origin's (who moves stuck entries).
using position_counter = std::shared_ptr<std::atomic<journal_position>>;

/// A sampled pipeline as the origin sees it.
struct origin_pipeline {
  pipeline_id id = 0;
  steady_ns decision_wait = 0;
  std::string name = {}; ///< What other nodes know it by.
};

struct origin_config {
  std::vector<origin_pipeline> pipelines;
  std::size_t shards = 0; ///< Each looks at every entry.
  /// Unpacked bytes that may be on their way to shards; what has no credit waits in the journal.
  std::uint64_t credit = 32 << 20;
  /// There are, or will be, others: nothing is sent before change_ring() says to whom.
  bool clustered = false;
  /// The same to each other node.
  std::uint64_t link_credit = 8 << 20;
  /// Bytes of remembered decisions that may be on their way to shards.
  std::uint64_t decisions_credit = 4 << 20;
  /// The journal before anything of this start was written to it: what is to be read back.
  storage::bounds journal;
  /// Age at which a head entry may be written again at the tail.
  steady_ns stuck_age = 120 * second_ns;
  /// Bytes of entries that the intake has handed over and that are not sent on yet; it takes, this
  /// gives.
  std::shared_ptr<net::byte_budget> handed;
  sabotage broken;
};

/// Where what the origin says goes.
class origin_ports {
public:
  virtual ~origin_ports() = default;

  virtual void send_entry(std::size_t shard, const entry_ptr& entry) = 0;
  /// The entry stands at `position` now. Answered by origin::move_seen() where `answer` says so.
  virtual void send_move(std::size_t shard, const entry_id& id, journal_position position,
                         bool answer) = 0;
  /// Everything that was received before `moment` and is this node's by the ring of this digest has
  /// been sent.
  virtual void send_sent_until(std::size_t shard, steady_ns moment, std::uint64_t ring) = 0;
  /// Entries and what goes with them to another node, in order, with moments on this node's clock:
  /// the link puts them on the other. @pre it stands
  virtual void send_away(node_id owner, cluster::link_message message) = 0;
  /// Answered by origin::decisions_taken().
  virtual void send_decisions(std::size_t shard, const decisions_ptr& decisions,
                              std::uint64_t bytes) = 0;
  virtual void send_progress(pipeline_id pipeline, const progress_ptr& records) = 0;
  virtual void send_low_water(pipeline_id pipeline, const cluster::low_water& mark) = 0;
  /// Once: the stages know what was settled and decided before the start. Before, nothing of other
  /// nodes may reach them.
  virtual void records_read() = 0;
  /// Answered by origin::written().
  virtual void write(const commit_ptr& work) = 0;
  /// origin::go_on() is to be called, after so long.
  virtual void go_on_after(steady_ns pause) = 0;
};

/// The origin of the entries that this node took in: sends them to their owners by credit, oldest
/// first, hears which of their slots are settled, forgets entries, and reads the journal back after
/// a start. An owner is this node, by its shards, or another one, over a link; a slow one holds up
/// nothing but what is its own.
///
/// Owns the journal's head and the entries that have no credit. Bounded by `credit`, `link_credit`
/// of each link, `decisions_credit` and the budget `handed`; what is beyond stands in the journal.
/// Nothing of it is lost by its death: the journal and the owners' progress say all.
///
/// Pure; one thread. `now` comes with each message.
class origin {
public:
  static inline const char* name =
      "router"; ///< Its actor's, for what it was called; metrics say so too.

  origin(origin_config config, std::shared_ptr<storage::disk> disk, position_counter positions,
         origin_ports& ports);

  /// From the intake: an entry is durable.
  void stored(const entry_ptr& entry, moment now);
  /// From a shard: it has taken over that many unpacked bytes (credit).
  void taken(std::uint64_t bytes);
  /// From an owner: slots are settled, durably.
  void settled(const settled_report& report);

  // -- the cluster --
  /// Who owns what from now on. The shards know it already. @pre clustered
  void change_ring(const cluster::ring_view& ring, moment now);
  /// A link to another node stands: what is open and its own goes there.
  void link_up(node_id owner, moment now);
  /// What was sent over it and is not settled is in doubt.
  void link_lost(node_id owner);
  /// From another owner: credit.
  void taken_away(node_id owner, std::uint64_t bytes);
  /// From another owner: slots are settled, durably, on its disk. Noted on this one.
  void settled_away(const settled_report& report);
  /// From an owner: these slots are not its own, it says. They are sent again after a while, or to
  /// whom they belong by the next ring.
  void turned_away(node_id owner, cluster::wrong_owner report, moment now);
  /// Bytes on their way to another owner for which it has given no credit back.
  std::uint64_t bytes_in_flight(node_id owner) const;

  /// From a shard: it looks for the entry at its new place alone.
  void move_seen();
  /// From a shard: it has taken over so many bytes of decisions of a pipeline; `room`: for older
  /// ones.
  void decisions_taken(pipeline_id pipeline, std::size_t shard, std::uint64_t bytes, bool room);
  /// What was to be written is durable.
  void written();
  /// Goes on with what ports asked for.
  void go_on(moment now);
  /// Other pipelines: what the journal holds of those that come is sent again.
  void change(const origin_config& wanted, moment now);
  /// Five times a second.
  void tick(moment now);

  /// Bytes on their way to the shards here.
  std::uint64_t bytes_in_flight() const { return bytes_in_flight(self_); }
  const cluster::settling& settling() const noexcept { return settling_; }

private:
  using entry_move = std::pair<entry_id, journal_position>;

  /// What has to come before what.
  enum class phase {
    records, ///< What some pipelines' stages have to know first is being read; nothing is sent.
    journal, ///< What stood in the journal at the start is being read, and sent.
    sending, ///< All that is open is known here.
  };

  /// A pipeline whose records (progress, decisions) are not all with its stages yet.
  struct owed_records {
    origin_pipeline pipeline;
    bool back = false; ///< It came by a reload: what is open of it is sent again.
    bool progress_read = false;
    std::optional<std::vector<std::uint64_t>> chunks; ///< Still to be read, the newest last.
    std::set<std::size_t> full;                       ///< Shards that have no room for older ones.
  };

  // -- records (origin_records.cpp) --
  bool read_records();
  bool read_progress(owed_records& owed);
  void read_settled();
  bool read_decisions(owed_records& owed);
  result<decisions_ptr> next_decisions(owed_records& owed);
  void send_decisions(const decisions_ptr& message);
  void settle_by(const recovered_progress& records);

  // -- reading (origin_reading.cpp) --
  phase present() const noexcept;
  void ask_to_go_on();
  void read_back();
  void found_in_journal(journal_position position, std::string_view bytes);
  void send_unsent();
  bool send_next_here();
  bool pass_over(node_id owner, const error& why);
  entry_ptr take_waiting(const cluster::open_entry& wanted);
  void drop_waiting();
  std::shared_ptr<durable_entry> unpack(std::string_view bytes, journal_position position);
  bool lose(const cluster::open_entry& entry, const error& why);
  void try_again_later(std::string_view task, const error& why);
  void damaged(journal_position position, std::string_view bytes, const std::string& why);
  void hold(pipeline_id gone);
  void resend(const origin_pipeline& pipeline);

  // -- to other nodes (origin_away.cpp) --
  /// Where entries go: this node's shards, or a link.
  struct outlet {
    std::uint64_t credit = 0;
    std::uint64_t in_flight = 0; ///< Unpacked bytes.
    /// The oldest unsent ones, which cannot be read at the moment.
    std::size_t passed_over = 0;
  };

  bool has_credit(node_id owner) const;
  bool is_next(const durable_entry& entry, node_id owner) const;
  void change_owners();
  void take_away(const durable_entry& entry);
  bool send_next_away(node_id owner);
  void send_away(node_id owner, const cluster::open_entry& open, shared_bytes bytes);
  void say_sent_until();
  void retry_turned_away();
  std::optional<steady_ns> oldest_unsent(node_id owner) const;
  void keep_settled();

  const origin_pipeline* pipeline(pipeline_id id) const;
  void send(const entry_ptr& entry);
  void show() const;
  void trim();
  void move_stuck();
  void moved();
  void end_move();

  origin_config config_;
  std::shared_ptr<storage::disk> disk_;
  position_counter positions_;
  origin_ports& ports_;
  moment now_; ///< Of the message at hand.
  const node_id self_;
  cluster::settling settling_;
  /// As read at start; only until the journal is read back.
  cluster::progress progress_;
  std::map<node_id, outlet> outlets_; ///< Its own, and the links that stand.
  std::uint64_t ring_ = 0;
  std::vector<node_id> owners_; ///< By partition; before a ring nobody's.
  /// Of pipelines that not all members sample, by name.
  std::map<std::string, cluster::partition_owners> differing_;
  struct turned_away_slots {
    node_id owner = 0;
    cluster::wrong_owner report;
    steady_ns due = 0; ///< To be sent again then.
  };
  std::deque<turned_away_slots> turned_away_; ///< By when they are due.
  std::set<entry_id> unkept_;      ///< Entries with settled slots that the disk does not know of.
  std::vector<owed_records> owed_; ///< The first is being read.
  std::uint64_t decisions_in_flight_ = 0;
  /// From the intake, without credit yet; in the order in which they came. Those that are settled
  /// or written again elsewhere meanwhile are passed over.
  std::deque<entry_ptr> waiting_;
  /// What the clients were told before has been looked at: of the last tick.
  steady_ns heard_until_ = 0;
  std::optional<steady_ns> said_; ///< When other owners were told until when all is sent.
  steady_ns try_again_at_ = 0;    ///< What cannot be read at the moment.
  bool journal_read_ = false;     ///< To the end of what stood there at the start.
  bool asked_ = false;            ///< go_on() will be called.
  bool records_said_ = false;     ///< records_read() was called.
  journal_position read_from_ = 0;
  journal_position read_until_ = 0;
  journal_position trimmed_ = 0;
  /// Entries are being written again: the lowest of their old places, where they go, and how many
  /// answers are to come from shards that may still read at the old ones.
  struct relocation {
    journal_position lowest = 0;
    std::vector<entry_move> moves;
    std::size_t unanswered = 0;
  };
  std::optional<relocation> moving_;
  enum class written_part : std::uint8_t { moves, settled_slots };
  std::deque<written_part> writes_; ///< That are not answered.
  std::unordered_set<pipeline_id> gone_warned_;
  codec::packer packer_;
};

} // namespace weir::stages
