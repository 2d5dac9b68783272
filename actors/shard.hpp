#pragma once

#include "actors/messages.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

namespace weir::actors {

/// A shard in its mailbox.
class shard_state : public stages::shard_ports {
public:
  static inline const char* name = stages::shard::name;

  void start(shard_actor::pointer self, stages::shard_config config,
             const shard_change_message& plan, std::shared_ptr<const storage::disk> disk);
  /// From the origin, or from the inbox: another node's.
  void take(const entry_ptr& entry);
  void change(const shard_change_message& plan);
  void tick();

  stages::shard& stage() { return *stage_; }
  void stall() const { broken_.stall(name); }

  void send_taken(node_id origin, std::uint64_t bytes) override;
  void send_settled(node_id origin, const settled_ptr& report) override;
  void send_turned_away(node_id origin, cluster::wrong_owner report) override;
  void send_decided(stages::compressor_number compressor, const decided_ptr& message) override;
  void send_ring(stages::compressor_number compressor, const ring_ptr& ring) override;
  void send_handed(stages::compressor_number compressor, const handed_ptr& message) override;

private:
  void add_compressors(const shard_change_message& plan);
  void ended(const caf::actor_addr& which);

  shard_actor::pointer self_ = nullptr;
  node_id node_ = 0;
  std::uint32_t index_ = 0;
  origin_actor origin_; ///< Who sent the entries: credit and reports go back there.
  inbox_actor inbox_;   ///< The same of other nodes.
  std::map<stages::compressor_number, compressor_actor> compressors_;
  stages::sabotage broken_;
  std::optional<stages::shard> stage_;
};

/// Scheduled; reads the journal only where packed bytes were dropped from memory.
shard_actor::behavior_type shard(shard_actor::stateful_pointer<shard_state> self,
                                 stages::shard_config config, shard_change plan,
                                 std::shared_ptr<const storage::disk> disk);

} // namespace weir::actors
