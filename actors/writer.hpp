#pragma once

#include "actors/messages.hpp"
#include "actors/sabotage.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

namespace weir::actors {

/// What waits for the next commit.
struct writer_state {
  static inline const char* name = "writer";
  storage::batch gathered;
  bool sync = false;
  bool flush_queued = false;
  std::vector<std::function<void(storage::batch&)>> late;
  std::vector<std::function<void()>> durable;
  std::vector<caf::typed_response_promise<stored_atom>> waiting;
};

/// Spawn detached: it blocks in fsync. While one commit runs, the next gathers in the mailbox.
writer_actor::behavior_type writer(writer_actor::stateful_pointer<writer_state> self,
                                   std::shared_ptr<storage::store> store, sabotage broken);

} // namespace weir::actors
