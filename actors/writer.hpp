#pragma once

#include "actors/messages.hpp"
#include "storage/store.hpp"

#include <atomic>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace weir::actors {

/// What waits for the next commit.
struct writer_state {
  static inline const char* name = "writer";
  storage::batch gathered;
  bool sync = false;
  bool flush_queued = false;
  bool gave_up = false; ///< The node ends, and the disk is full.
  std::vector<std::function<void(storage::batch&)>> late;
  std::vector<std::function<void(steady_ns now)>> durable;
  std::vector<caf::typed_response_promise<stored_atom>> waiting;
};

/// Set where the node ends: who waits for room on the disk then gives up.
using end_flag = std::shared_ptr<const std::atomic<bool>>;

/// Spawn detached: it blocks in fsync, and while the disk is full. While one commit runs, the next
/// gathers in the mailbox. What it gives up was promised to nobody.
/// @param ending null: it never gives up
writer_actor::behavior_type writer(writer_actor::stateful_pointer<writer_state> self,
                                   std::shared_ptr<storage::store> store, stages::sabotage broken,
                                   end_flag ending);

} // namespace weir::actors
