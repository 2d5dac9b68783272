#pragma once

#include "cluster/listeners.hpp"
#include "cluster/watermark.hpp"
#include "codec/compression.hpp"
#include "codec/hash.hpp"
#include "sampling/assembly.hpp"
#include "sampling/config.hpp"
#include "sampling/policy_set.hpp"
#include "sampling/window.hpp"
#include "stages/messages.hpp"
#include "stages/sabotage.hpp"
#include "stages/shard_gauges.hpp"
#include "storage/disk.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <set>

namespace weir::stages {

/// Which shard of how many: partitions are dealt out by remainder.
struct shard_config {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
  /// CPU time that conditions of policies may take on the spans of an entry; 0: no end.
  std::chrono::nanoseconds max_work = std::chrono::seconds(2);
  std::vector<node_id> origins = {}; ///< Whose unsent entries hold decisions back.
  sabotage broken = {};

  /// Whether the trace of this fingerprint is this shard's, if it is the node's.
  bool is_mine(std::uint64_t fingerprint) const noexcept {
    return codec::partition_of(fingerprint) % count == index;
  }
};

/// Names a compressor: a pipeline that goes and comes back has another one.
using compressor_number = std::uint32_t;

/// One sampled pipeline, as one shard sees it.
struct shard_pipeline {
  pipeline_id id = 0;
  std::string name;
  sampling::tail_sampling_config config;
  sampling::policy_set policies;
  compressor_number compressor = 0;
  std::uint64_t memory = 0;         ///< This shard's share of the window memory.
  std::uint64_t decision_cache = 0; ///< Its share of the decisions remembered.
  /// Number of the pipeline's next decision chunk; its shards share it, so that numbers rise with
  /// time whoever decides more, and what is trimmed by number is the oldest.
  std::shared_ptr<std::atomic<std::uint64_t>> next_chunk;
};

/// Where what a shard says goes.
class shard_ports {
public:
  virtual ~shard_ports() = default;

  /// Credit: so many unpacked bytes of the origin's entries are taken over.
  virtual void send_taken(node_id origin, std::uint64_t bytes) = 0;
  virtual void send_settled(node_id origin, const settled_ptr& report) = 0;
  /// These slots are not decided here, as the ring says.
  virtual void send_turned_away(node_id origin, cluster::wrong_owner report) = 0;
  /// Answered by shard::durable().
  virtual void send_decided(compressor_number compressor, const decided_ptr& message) = 0;
  /// All that was decided by earlier rings is with the compressor.
  virtual void send_ring(compressor_number compressor, const ring_ptr& ring) = 0;
  /// Answered by shard::handed().
  virtual void send_handed(compressor_number compressor, const handed_ptr& message) = 0;
};

/// The owner's window for some partitions, of every sampled pipeline: scans entries, waits,
/// decides, hands what is decided to the pipeline's compressor, and reports to the origins what is
/// durable.
///
/// Owns the undecided traces and the decisions that are remembered. Bounded by the window's memory
/// and by what may be on its way to the disk, beyond which no credit is given. What it holds at its
/// death stands in the origins' journals.
///
/// Pure; one thread. `now` comes with each message.
class shard {
public:
  static inline const char* name =
      "sampler"; ///< Its actor's, for what it was called; metrics say so too.

  shard(shard_config config, std::vector<shard_pipeline> pipelines,
        std::shared_ptr<const storage::disk> disk, shard_ports& ports, moment now);

  void take(const entry_ptr& entry, moment now);
  /// Decisions remembered from before the start. False: there is no room for older ones.
  bool load(const recovered_decisions& chunks);
  /// Everything that the origin received before this moment and is this node's by the ring of this
  /// digest has been sent.
  void sent_until(node_id origin, steady_ns moment, std::uint64_t ring = 0);
  /// What was decided under this pipeline and ticket is durable.
  void durable(pipeline_id pipeline, std::uint64_t ticket, moment now);
  /// An entry was written again further back in the journal.
  void moved(const entry_id& id, journal_position position);
  /// Other pipelines, other policies: what is held is scanned again.
  void change(std::vector<shard_pipeline> pipelines, moment now);
  /// It answers for nothing any more.
  void compressor_ended(compressor_number which);
  /// Ten times a second.
  void tick(moment now);

  // -- the cluster (shard_ring.cpp) --
  /// What is another's by this ring is forgotten here: its origins send it there. Nothing is decided
  /// before all of them have, and the owners of before have handed over.
  void change_ring(ring_ptr ring, moment now);
  /// From another owner. Without effect on what is decided here already. It goes to the disk as what
  /// is decided here (decided::taken_over).
  void take_over(const taken_over& message, moment now);
  /// A chunk of decisions is with the other node.
  void handed(pipeline_id pipeline, const handed_decisions& message);
  /// Nothing that is decided is on its way to the disk.
  bool kept() const;
  /// Members whose word holds decisions back.
  std::size_t awaited() const;

  /// Decided, and not durable yet, of all pipelines.
  std::uint64_t bytes_in_flight() const noexcept;

private:
  struct flight {
    sampling::decided_batch batch;
    std::uint64_t bytes = 0;
  };

  /// What is held of one pipeline.
  struct lane {
    shard_pipeline info;
    std::unique_ptr<sampling::decision_cache> cache;
    std::unique_ptr<sampling::window> window;
    sampling::assembler assembler;
    shard_gauges gauges;
    bool leaving = false; ///< Its pipeline is gone; what is in flight is waited for.
    std::uint64_t bytes_in_flight = 0;
    std::map<std::uint64_t, flight> in_flight; ///< By ticket; not durable yet.
    /// Decided, and not handed on as their spans cannot be read at the moment.
    std::vector<sampling::decided_batch> waiting;
    std::uint64_t waiting_bytes = 0; ///< Counted in bytes_in_flight.
    /// Entries that could not be read for new policies, and since when.
    std::vector<entry_id> unseen;
    steady_ns unseen_since = 0;
    steady_ns try_again_at = 0;
    /// Members that have not handed over yet what the ring took from them.
    std::set<node_id> deciders;
    /// The same, with those who are gone since.
    std::set<node_id> silent;
    /// By member: by which ring it has handed over all. Its word may be here before the ring.
    std::map<node_id, std::uint64_t> handed_all;
    /// By partition: to whom its decisions go; empty: to nobody.
    std::vector<cluster::listeners> listeners;
    /// By target that has not heard all: decisions below this are still to go; 0: none.
    std::map<node_id, std::uint64_t> handing;
    /// From others, and not on its way to the disk yet.
    std::vector<handed_ticket> taken_over;

    /// Nothing more is decided until the disk can be read.
    bool held_up() const noexcept;
  };

  sampling::window_settings window_of(const shard_pipeline& info) const;
  lane* find(pipeline_id id);
  void add_lane(shard_pipeline info);
  void replace_policies(lane& lane, const shard_pipeline& info);
  void leave(lane& lane);
  void add_to_window(lane& lane, const durable_entry& entry);
  void decide(lane& lane);
  steady_ns complete() const;
  bool may_decide() const;
  void give_credit();

  // -- the cluster (shard_ring.cpp) --
  bool owns(const lane& lane, std::uint64_t fingerprint) const;
  void await(lane& lane, bool anew) const;
  void heard_all(lane& lane, node_id source, std::uint64_t ring) const;
  void drop_others(lane& lane);
  void keep_taken_over(lane& lane);
  void turn_away(const entry_id& entry, const std::vector<slot>& slots);
  void begin_handing(lane& lane, const cluster::ring_view& before, const std::set<node_id>& silent);
  void hand_over(lane& lane, node_id target);

  // -- handing on (shard_handing.cpp) --
  void hand_on(lane& lane, const sampling::decided_batch& batch);
  std::size_t hand_on_readable(lane& lane, const sampling::decided_batch& batch);
  void set_waiting(lane& lane, sampling::decided_batch batch);
  void send(lane& lane, const sampling::decided_batch& batch, std::size_t first, std::size_t next,
            std::shared_ptr<decided> message);
  void list_slots(lane& lane, const sampling::decided_batch& batch, decided& out);
  void report(const lane& lane, const sampling::decided_batch& batch);

  // -- reading again (shard_handing.cpp) --
  void read_again(lane& lane);
  void wait_for_disk(lane& lane, const error& why);
  result<void> scan(lane& lane, sampling::entry_number number, std::string_view& bytes,
                    otlp::span_index& index);
  result<sampling::unpacked_entry> unpack(lane& lane, sampling::entry_number number);

  shard_config config_;
  std::shared_ptr<const storage::disk> disk_;
  shard_ports& ports_;
  moment now_;                 ///< Of the message at hand.
  steady_ns ticked_;           ///< Last.
  steady_ns decides_from_ = 0; ///< After a pause.
  std::vector<lane> lanes_;
  cluster::watermark watermark_;
  ring_ptr ring_;                                ///< Null: there is no cluster.
  std::map<node_id, std::uint64_t> owed_credit_; ///< By origin.
  std::uint64_t next_ticket_ = 1;
  sampling::additions additions_;
  std::vector<bool> wanted_;
  sampling::entry_number last_read_ = sampling::no_entry; ///< By unpack().
  codec::packer packer_;
  std::string unpacked_;
};

} // namespace weir::stages
