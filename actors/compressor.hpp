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
             std::shared_ptr<storage::disk> disk, std::shared_ptr<stages::log_tail> tail,
             writer_actor writer);
  void take(const decided_ptr& message);
  caf::result<stopped_atom> stop();

  stages::compressor& stage() { return *stage_; }
  void stall() const { broken_.stall(name); }

  void write(const commit_ptr& work) override;
  void send_durable(std::uint32_t shard, pipeline_id pipeline, std::uint64_t ticket) override;
  void time_out_after(steady_ns pause) override;

private:
  void written();

  compressor_actor::pointer self_ = nullptr;
  writer_actor writer_;
  std::map<std::uint32_t, shard_actor> shards_; ///< Who sent something.
  stages::sabotage broken_;
  std::vector<caf::typed_response_promise<stopped_atom>> stopping_;
  std::optional<stages::compressor> stage_;
};

/// Scheduled: it packs, the writer blocks. Where it edits what was kept, spawn detached.
compressor_actor::behavior_type
compressor(compressor_actor::stateful_pointer<compressor_state> self,
           stages::compressor_config config, std::shared_ptr<storage::disk> disk,
           std::shared_ptr<stages::log_tail> tail, writer_actor writer);

} // namespace weir::actors
