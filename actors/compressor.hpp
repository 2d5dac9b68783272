#pragma once

#include "actors/messages.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

namespace weir::actors {

/// A compressor in its mailbox.
class compressor_state : public stages::compressor_ports {
public:
  static inline const char* name = stages::compressor::name;

  void start(compressor_actor::pointer self, const stages::compressor_config& config,
             stages::compressor_number number, std::shared_ptr<storage::disk> disk,
             std::shared_ptr<stages::log_tail> tail, writer_actor writer);
  void take(const decided_ptr& message);
  void take_ring(std::uint32_t shard, const ring_ptr& ring);
  void hand_over(const handed_ptr& message);
  void take_over(const taken_over_ptr& message);
  void link_up(const peer_link_ptr& link);
  /// `ticket`: as it went.
  void handed_taken(node_id peer, std::uint64_t ticket);
  caf::result<stopped_atom> stop();

  stages::compressor& stage() { return *stage_; }
  void stall() const { broken_.stall(name); }

  void write(const commit_ptr& work) override;
  void send_durable(std::uint32_t shard, pipeline_id pipeline, std::uint64_t ticket) override;
  void time_out_after(steady_ns pause) override;
  void show_after(steady_ns pause) override;
  void send_away(node_id target, cluster::handed_over message) override;
  void send_handed(std::uint32_t shard, const handed_ptr& message) override;
  void send_taken_over(const stages::handed_ticket& handed) override;

private:
  void written();
  void note_sender(std::uint32_t shard);

  compressor_actor::pointer self_ = nullptr;
  writer_actor writer_;
  std::map<std::uint32_t, shard_actor> shards_; ///< Who sent something.
  std::map<node_id, peer_link_ptr> links_;      ///< To other nodes.
  inbox_actor inbox_;                           ///< Once it has sent something.
  pipeline_id pipeline_ = 0;
  std::uint64_t ticket_mark_ = 0; ///< In the tickets that go to other nodes.
  stages::sabotage broken_;
  std::vector<caf::typed_response_promise<stopped_atom>> stopping_;
  std::optional<stages::compressor> stage_;
};

/// Whose a ticket is that comes back from another node, as far as its lowest 24 bits.
constexpr stages::compressor_number compressor_of_ticket(std::uint64_t ticket) noexcept {
  return static_cast<stages::compressor_number>(ticket >> 40);
}

/// Scheduled: it packs, the writer blocks. Where it edits what was kept, spawn detached.
/// @param number of those of this node's run no other one has it
compressor_actor::behavior_type
compressor(compressor_actor::stateful_pointer<compressor_state> self,
           stages::compressor_config config, stages::compressor_number number,
           std::shared_ptr<storage::disk> disk, std::shared_ptr<stages::log_tail> tail,
           writer_actor writer);

} // namespace weir::actors
