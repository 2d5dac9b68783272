#pragma once

#include "backends/config.hpp"
#include "storage/disk.hpp"

#include <string>

namespace weir::stages {

/// A pipeline's log, by number and name.
struct named_log {
  pipeline_id id = 0;
  std::string name;
};

/// An exporter that has no cursor begins where `start` says. For a node's start, or the writer's
/// thread, so that place and ledger agree. Reads all blocks that it is owed by that.
/// @throws std::runtime_error where the store cannot say
void place_exporter(const storage::disk& store, const named_log& log, const std::string& exporter,
                    const backends::start_config& start, storage::batch& changes);

/// The cursor goes to the first block that `target` says, and what was finished beyond it is
/// forgotten: of what lies there, all is sent. For the writer's thread.
/// @pre nobody delivers for this exporter
/// @returns by how many items it goes on; below 0: so many are sent once more. errc::not_found: the
/// exporter has no cursor there
result<std::int64_t> seek_exporter(const storage::disk& store, const named_log& log,
                                   const std::string& exporter,
                                   const backends::start_config& target, storage::batch& changes);

/// What is owed to `old` is owed to `heir` from now on, beside what is; what `heir` has delivered
/// stays delivered. Requests that were set aside go over too. For the writer's thread.
/// @pre nobody delivers for either of them
/// @returns how many items. errc::not_found: one of them has no cursor there; errc::full: too much
/// is set aside
result<std::uint64_t> adopt_exporter(const storage::disk& store, const named_log& log,
                                     const std::string& old, const std::string& heir,
                                     storage::batch& changes);

} // namespace weir::stages
