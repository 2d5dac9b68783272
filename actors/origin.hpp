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
  void link_up(const peer_link_ptr& link);
  void link_lost(node_id peer);
  /// Credit that came over a link.
  void taken_away(cluster::link_number link, node_id peer, std::uint64_t bytes);
  origin_look_ptr look() const;
  /// Answers where records_read() was called, or once it is.
  caf::result<records_atom> await_records();

  stages::origin& stage() { return *stage_; }
  void stall() const { broken_.stall(name); }

  void send_entry(std::size_t shard, const entry_ptr& entry) override;
  void send_move(std::size_t shard, const entry_id& id, journal_position position,
                 bool answer) override;
  void send_sent_until(std::size_t shard, steady_ns moment, std::uint64_t ring) override;
  void send_away(node_id owner, cluster::link_message message) override;
  void send_decisions(std::size_t shard, const decisions_ptr& decisions,
                      std::uint64_t bytes) override;
  void send_progress(pipeline_id pipeline, const progress_ptr& records) override;
  void send_low_water(pipeline_id pipeline, const cluster::low_water& mark) override;
  void records_read() override;
  void write(const commit_ptr& work) override;
  void go_on_after(steady_ns pause) override;

private:
  origin_actor::pointer self_ = nullptr;
  writer_actor writer_;
  std::vector<shard_actor> shards_;
  std::map<pipeline_id, compressor_actor> compressors_;
  /// To other nodes, those that stand, as far as the hub's word has come here: what the stage says
  /// of one never goes over the next.
  std::map<node_id, peer_link_ptr> links_;
  node_id node_ = 0;
  std::uint64_t link_credit_ = 0;
  bool records_read_ = false;
  std::vector<caf::typed_response_promise<records_atom>> awaiting_records_;
  stages::sabotage broken_;
  std::optional<stages::origin> stage_;
};

/// Spawn detached: it reads the journal back from disk.
origin_actor::behavior_type origin(origin_actor::stateful_pointer<origin_state> self,
                                   origin_change plan, std::shared_ptr<storage::disk> disk,
                                   stages::position_counter positions, writer_actor writer);

} // namespace weir::actors
