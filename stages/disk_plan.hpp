#pragma once

#include "storage/disk.hpp"

#include <cstdint>
#include <vector>

namespace weir::stages {

/// What one log has on the disk, and who needs it still.
struct held_log {
  pipeline_id id = 0;
  log_position delivered =
      0;                   ///< What is below is owed to no exporter, whether it is there or gone.
  log_position wanted = 0; ///< What is below is owed to no exporter that is configured.
  std::vector<storage::segment> segments; ///< Oldest first.
};

/// The same of its dead letters.
struct held_letters {
  pipeline_id id = 0;
  std::vector<storage::segment> segments; ///< Oldest first.
};

/// Why something leaves the disk, in the order in which it goes.
enum class cut_reason : std::uint8_t {
  delivered,    ///< Owed to nobody: kept for a replay only.
  dead_letters, ///< What back ends refused.
  orphaned,     ///< Owed to exporters that are gone.
  overflow,     ///< Owed, and too much.
};

/// Everything below a position goes, of a log or (for that reason) of dead letters.
struct cut {
  pipeline_id id = 0;
  cut_reason why = cut_reason::delivered;
  std::uint64_t below = 0;

  friend bool operator==(const cut&, const cut&) = default;
};

/// What has to go so that `excess` bytes become free: delivered blocks, dead letters, blocks owed
/// to exporters that are gone; of each the oldest first, over all logs. Where that is not enough
/// for `over` bytes (0: then nothing more goes), the log with the most bytes gives its oldest,
/// until it is. Only what is in tables frees anything.
std::vector<cut> make_room(std::vector<held_log> logs, std::vector<held_letters> letters,
                           std::uint64_t excess, std::uint64_t over);

/// What has to go so that all dead letters together have at most `max_bytes`: the oldest first.
std::vector<cut> bound_letters(std::vector<held_letters> letters, std::uint64_t max_bytes);

} // namespace weir::stages
