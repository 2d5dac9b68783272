#pragma once

#include "cluster/listeners.hpp"
#include "cluster/progress.hpp"
#include "stages/messages.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace weir::stages {

/// What of one commit goes to the standbys of its traces.
struct commit_copies {
  struct part {
    std::string decisions;
    std::map<entry_id, std::string> progress; ///< Records; empty before take_records().
  };
  std::map<node_id, part> parts; ///< By standby.

  void append(commit_copies&& other);
  /// The records that go into the commit. Taken with it: of what is settled later, nobody else may
  /// hear before that is durable too, or it is taken for logged and lost with this node.
  void take_records(const cluster::progress& progress);
};

/// All records there are now.
progress_ptr all_records(const cluster::progress& progress);

/// Where copies go.
class copies_ports {
public:
  virtual ~copies_ports() = default;
  /// Lost where no link stands: copies::link_up() sends it again.
  virtual void send_away(node_id target, cluster::handed_over message) = 0;
  /// The chunk is with its target: shard::handed().
  virtual void send_handed(std::uint32_t shard, const handed_ptr& message) = 0;
};

/// A pipeline's decisions and progress on their way to other nodes: to the standbys with each commit,
/// so that they can go on where this node ends; and, when the ring changes, to those who own from now
/// on what was this node's, and to their standbys (cluster/listeners.hpp).
///
/// Each message is kept until it is answered, which is once it is durable there, and sent again over
/// a new link. Bounded: one chunk a shard and target and one piece of progress a target are on their
/// way, and `most_copies` of commits; of more the oldest is given up, and counted.
///
/// Pure; one thread.
class copies {
public:
  static constexpr std::size_t most_copies = 256;

  /// `epoch`: of the process. Its tickets are not those of another start, whose answers may still
  /// come.
  copies(std::string pipeline, node_id self, epoch epoch, std::size_t shards, copies_ports& ports);

  // -- to the standbys --
  /// What of a message goes to standbys, by the ring of now.
  commit_copies gather(const decided& message) const;
  /// The commit is durable. Returns the tickets that its blocks wait for.
  std::set<std::uint64_t> send(commit_copies copied);

  // -- to the owners of another ring --
  /// A shard has sent all that it decided by earlier rings. True: all have, and once that is
  /// durable begin() is to be called.
  bool ring_passed(std::uint32_t shard, const ring_ptr& ring);
  /// Hands over progress, and says to each that this is all for it when the shards are done too.
  /// `records`: all_records() of the commit with which it is durable. Without effect where another
  /// ring has come since: that one has a begin() of its own.
  void begin(const ring_ptr& ring, const progress_ptr& records);
  /// From a shard: a chunk of decisions, or that there are no more for that target.
  void take(const handed_ptr& message);
  /// Another one has handed over all by this ring.
  void heard_all(node_id source, std::uint64_t ring) { said_all_[source] = ring; }

  // -- what comes back --
  /// The target has it. False: nobody waits for it.
  bool taken(node_id target, std::uint64_t ticket);
  /// What is not answered is sent again.
  void link_up(node_id target);
  bool outstanding(std::uint64_t ticket) const { return outstanding_.contains(ticket); }
  /// Everything is answered.
  bool idle() const noexcept { return outstanding_.empty() && unfinished_.empty(); }
  /// Who is there, as the shards see it; null: no ring yet.
  const ring_ptr& ring() const noexcept { return ring_; }

private:
  enum class kind : std::uint8_t { copy, decisions, progress, last };
  struct sent {
    node_id target = 0;
    kind purpose = kind::copy;
    cluster::handed_over message;
    handed_ptr handed; ///< Of a shard.
  };

  std::uint64_t send(node_id target, kind purpose, cluster::handed_over message,
                     handed_ptr handed = nullptr);
  void note_targets(const cluster::ring_view& before);
  std::set<node_id> silent_by(const cluster::ring_view& before) const;
  void send_progress(node_id target);
  void finish(node_id target);
  void forget_gone();
  void give_up_oldest();

  std::string pipeline_;
  const node_id self_;
  const std::size_t shards_;
  copies_ports& ports_;
  ring_ptr ring_;                            ///< All shards have passed it.
  std::map<std::uint32_t, ring_ptr> passed_; ///< By shard.
  /// By target and shard: by which ring there are no more chunks.
  std::map<node_id, std::map<std::uint32_t, ring_ptr>> done_;
  std::map<node_id, std::uint64_t> said_all_; ///< By member, by which ring.
  bool begun_ = false;                        ///< What was decided before is durable.
  std::set<node_id> unfinished_;              ///< Targets that were not told that this is all.
  std::vector<cluster::listeners> listeners_; ///< Of progress, by partition; empty: nobody.
  /// Progress that is still to go.
  struct owed_records {
    progress_ptr all;     ///< Null before begin().
    std::size_t next = 0; ///< The first that has not gone.
  };
  std::map<node_id, owed_records> owed_;      ///< By target.
  std::map<std::uint64_t, sent> outstanding_; ///< By ticket.
  std::size_t copies_ = 0;                    ///< Of these, of commits.
  std::uint64_t next_ticket_;
};

} // namespace weir::stages
