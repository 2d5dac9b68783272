#pragma once

#include "actors/messages.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

namespace weir::actors {

/// The inbox in its mailbox.
class inbox_state : public stages::inbox_ports {
public:
  static inline const char* name = "inbox";

  void start(inbox_actor::pointer self, const inbox_change_message& plan,
             std::vector<shard_actor> shards, std::shared_ptr<storage::disk> disk);
  void take(peer_message& message);
  void session_closed(cluster::session_number number);
  void change(const inbox_change_message& plan);
  /// Nothing is taken or answered any more.
  void stop();

  stages::inbox& stage() { return *stage_; }

  void send_entry(std::size_t shard, const entry_ptr& entry) override;
  void send_sent_until(std::size_t shard, node_id origin, steady_ns moment,
                       std::uint64_t ring) override;
  void send_taken_over(const taken_over_ptr& message) override;
  void send_low_water(const cluster::low_water& mark) override;
  void answer(node_id peer, cluster::link_answer message) override;
  void close(node_id peer, const std::string& reason) override;

private:
  inbox_actor::pointer self_ = nullptr;
  std::vector<shard_actor> shards_;
  std::map<pipeline_id, compressor_actor> compressors_;
  std::map<node_id, session_ptr> sessions_; ///< By peer: its newest.
  bool stopped_ = false;
  std::optional<stages::inbox> stage_;
};

/// Spawn detached: it unpacks entries, and trims what others have forgotten.
inbox_actor::behavior_type inbox(inbox_actor::stateful_pointer<inbox_state> self, inbox_change plan,
                                 std::vector<shard_actor> shards,
                                 std::shared_ptr<storage::disk> disk);

} // namespace weir::actors
