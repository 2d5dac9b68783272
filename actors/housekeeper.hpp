#pragma once

#include "actors/disk_keeping.hpp"
#include "actors/log_tail.hpp"
#include "actors/memory_watch.hpp"
#include "actors/messages.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <functional>

namespace weir::actors {

/// One log that the housekeeper trims.
struct kept_log {
  pipeline_id id = 0;
  std::string name;
  std::vector<std::string> exporters; ///< Whose cursors hold blocks back.
};

struct housekeeper_config {
  std::vector<kept_log> logs;
  std::int64_t retention_ns = 86'400LL * second_ns; ///< Delivered blocks stay this long.
  std::uint64_t dead_letter_bytes = 0; ///< Of all dead letters; 0 = a tenth of the quota.
  std::int64_t dead_letter_retention_ns = 7 * 86'400LL * second_ns;
  bool drop_oldest = false; ///< What a full quota does: drop the oldest undelivered blocks, or refuse.
  std::uint64_t memory_limit = 0; ///< Bytes in use above which clients are refused; 0 = none.
  /// Opens and closes admission, with the reason.
  std::function<void(bool accepting, std::string reason)> admit;
};

struct housekeeper_state {
  static inline const char* name = "housekeeper";
  housekeeper_config config;
  std::shared_ptr<storage::store> store;
  std::optional<disk_keeper> disk;
  bool accepting = true;
  memory_watch memory;
  bool stopped = false;
  unsigned looks = 0;
  std::set<std::pair<std::string, std::string>> orphans_shown; ///< Pipeline and exporter.
};

/// Spawn detached: trimming and measuring read the disk. Once it was told to stop it calls
/// `admit` no more.
housekeeper_actor::behavior_type
housekeeper(housekeeper_actor::stateful_pointer<housekeeper_state> self, housekeeper_config config,
            std::shared_ptr<storage::store> store);

} // namespace weir::actors
