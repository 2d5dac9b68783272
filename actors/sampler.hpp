#pragma once

#include "actors/messages.hpp"
#include "actors/sabotage.hpp"
#include "actors/sampler_gauges.hpp"
#include "cluster/watermark.hpp"
#include "codec/compression.hpp"
#include "sampling/assembly.hpp"
#include "sampling/config.hpp"
#include "sampling/policy_set.hpp"
#include "sampling/window.hpp"

#include <atomic>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>

namespace weir::actors {

/// Which sampler of how many: partitions are dealt out by remainder.
struct sampler_config {
  std::uint32_t index = 0;
  std::uint32_t count = 1;
  /// CPU time that conditions of policies may take on the spans of an entry; 0: no end.
  std::chrono::nanoseconds max_work = std::chrono::seconds(2);
  sabotage broken = {};
};

/// One sampled pipeline, as one sampler sees it.
struct sampler_pipeline {
  pipeline_id id = 0;
  std::string name;
  sampling::tail_sampling_config config;
  sampling::policy_set policies;
  compressor_actor compressor;
  std::uint64_t memory = 0;         ///< This sampler's share of the window memory.
  std::uint64_t decision_cache = 0; ///< Its share of the decisions remembered.
  /// Number of the pipeline's next decision chunk; its samplers share it, so that numbers rise with
  /// time whoever decides more, and what is trimmed by number is the oldest.
  std::shared_ptr<std::atomic<std::uint64_t>> next_chunk;
};

class sampler_state {
public:
  static inline const char* name = "sampler";

  void start(sampler_actor::pointer self, sampler_config config,
             std::vector<sampler_pipeline> pipelines, std::shared_ptr<storage::store> store);
  sampling::window_settings window_of(const sampler_pipeline& info) const;
  void take(const entry_ptr& entry);
  bool load(const recovered_decisions& chunks);
  void sent_until(steady_ns moment);
  void durable(pipeline_id pipeline, std::uint64_t ticket);
  void moved(const entry_id& id, journal_position to);
  void change(std::vector<sampler_pipeline> pipelines);
  void compressor_ended(const caf::actor_addr& which);
  void tick();
  void stall() const { config_.broken.stall(name); }

private:
  struct lane {
    sampler_pipeline info;
    std::unique_ptr<sampling::decision_cache> cache;
    std::unique_ptr<sampling::window> window;
    sampling::assembler assembler;
    sampler_gauges gauges;
    bool leaving = false; ///< Its pipeline is gone; what is in flight is waited for.
    std::uint64_t bytes_in_flight = 0;
    struct flight {
      sampling::decided_batch batch;
      std::uint64_t bytes = 0;
    };
    std::map<std::uint64_t, flight> in_flight; ///< By ticket; not durable yet.
    /// Decided, and not handed on as their spans cannot be read at the moment.
    std::vector<sampling::decided_batch> waiting;
    std::uint64_t waiting_bytes = 0; ///< Counted in bytes_in_flight.
    /// Entries that could not be read for new policies, and since when.
    std::vector<entry_id> unseen;
    steady_ns unseen_since = 0;
    steady_ns try_again_at = 0;

    /// Nothing more is decided until the disk can be read.
    bool held_up() const noexcept;
  };

  lane* find(pipeline_id id);
  void add_lane(sampler_pipeline info);
  void replace_policies(lane& lane, const sampler_pipeline& info);
  void leave(lane& lane);
  void decide(lane& lane);
  void hand_on(lane& lane, const sampling::decided_batch& batch);
  std::size_t hand_on_readable(lane& lane, const sampling::decided_batch& batch);
  void set_waiting(lane& lane, sampling::decided_batch batch);
  void send(lane& lane, const sampling::decided_batch& batch, std::size_t first, std::size_t next,
            std::shared_ptr<decided> message);
  void read_again(lane& lane);
  void wait_for_disk(lane& lane, const error& why);
  void list_slots(lane& lane, const sampling::decided_batch& batch, decided& out);
  result<void> scan(lane& lane, sampling::entry_number number, std::string_view& bytes,
                    otlp::span_index& index);
  result<sampling::unpacked_entry> unpack(lane& lane, sampling::entry_number number);
  void give_credit();

  sampler_actor::pointer self_ = nullptr;
  sampler_config config_;
  std::shared_ptr<storage::store> store_;
  std::vector<lane> lanes_;
  router_actor origin_; ///< Who sent the entries: credit and reports go back there.
  cluster::watermark watermark_;
  std::uint64_t owed_credit_ = 0;
  std::uint64_t next_ticket_ = 1;
  sampling::additions additions_;
  std::vector<bool> wanted_;
  sampling::entry_number last_read_ = sampling::no_entry; ///< By unpack().
  codec::packer packer_;
  std::string unpacked_;
};

/// Scheduled; reads the journal only where packed bytes were dropped from memory.
sampler_actor::behavior_type sampler(sampler_actor::stateful_pointer<sampler_state> self,
                                     sampler_config config, std::vector<sampler_pipeline> pipelines,
                                     std::shared_ptr<storage::store> store);

} // namespace weir::actors
