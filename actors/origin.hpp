#pragma once

#include "actors/messages.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

namespace weir::actors {

/// The origin in its mailbox.
class origin_state : public stages::origin_ports {
public:
  static inline const char* name = stages::origin::name;

  void start(origin_actor::pointer self, const origin_change_message& plan,
             std::shared_ptr<storage::disk> disk, stages::position_counter positions,
             writer_actor writer);
  void change(const origin_change_message& plan);
  void tick();

  stages::origin& stage() { return *stage_; }
  void stall() const { broken_.stall(name); }

  void send_entry(std::size_t shard, const entry_ptr& entry) override;
  void send_move(std::size_t shard, const entry_id& id, journal_position position,
                 bool answer) override;
  void send_sent_until(std::size_t shard, steady_ns moment) override;
  void send_decisions(std::size_t shard, const decisions_ptr& decisions,
                      std::uint64_t bytes) override;
  void send_progress(pipeline_id pipeline, const progress_ptr& records) override;
  void send_low_water(pipeline_id pipeline, const cluster::low_water& mark) override;
  void write(const commit_ptr& work) override;
  void go_on_after(steady_ns pause) override;

private:
  origin_actor::pointer self_ = nullptr;
  writer_actor writer_;
  std::vector<shard_actor> shards_;
  std::map<pipeline_id, compressor_actor> compressors_;
  stages::sabotage broken_;
  std::optional<stages::origin> stage_;
};

/// Spawn detached: it reads the journal back from disk.
origin_actor::behavior_type origin(origin_actor::stateful_pointer<origin_state> self,
                                   origin_change plan, std::shared_ptr<storage::disk> disk,
                                   stages::position_counter positions, writer_actor writer);

} // namespace weir::actors
