#pragma once

#include "actors/messages.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

namespace weir::actors {

/// The housekeeper in its mailbox.
struct housekeeper_state {
  static inline const char* name = stages::housekeeper::name;
  std::optional<stages::housekeeper> stage;
};

/// Spawn detached: trimming and measuring read the disk. A disk that has failed ends the process.
housekeeper_actor::behavior_type
housekeeper(housekeeper_actor::stateful_pointer<housekeeper_state> self,
            stages::housekeeper_config config, std::shared_ptr<storage::disk> disk);

} // namespace weir::actors
