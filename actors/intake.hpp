#pragma once

#include "actors/edit_pool.hpp"
#include "actors/messages.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

namespace weir::actors {

/// The intake in its mailbox.
class intake_state {
public:
  static inline const char* name = stages::intake::name;

  void start(intake_actor::pointer self, stages::intake_config config,
             std::shared_ptr<storage::disk> disk, stages::position_counter positions,
             writer_actor writer, origin_actor origin);
  void take(arrivals& arrived);
  void take_edited();
  void on_turn();
  void on_tick();
  void change_ring(const ring_ptr& ring);
  caf::result<changed_atom> change(const intake_change& wanted);
  caf::result<stopped_atom> stop();
  void stall() const { broken_.stall(name); }

private:
  class ports;
  void answer();
  void tick_soon();

  intake_actor::pointer self_ = nullptr;
  stages::sabotage broken_;
  std::shared_ptr<ports> ports_;
  std::optional<stages::intake> stage_;
  std::vector<caf::typed_response_promise<changed_atom>> changing_;
  std::vector<caf::typed_response_promise<stopped_atom>> stopping_;
};

/// Spawn detached: what a client waits for must not wait behind sampling in the scheduler's queue.
intake_actor::behavior_type intake(intake_actor::stateful_pointer<intake_state> self,
                                   stages::intake_config config,
                                   std::shared_ptr<storage::disk> disk,
                                   stages::position_counter positions, writer_actor writer,
                                   origin_actor origin);

} // namespace weir::actors
