#pragma once

#include "core/clock.hpp"
#include "storage/disk.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace weir::stages {

/// The exporters that are configured, by pipeline.
using configured_exporters = std::map<pipeline_id, std::set<std::string>>;

/// What a log holds for an exporter that is not configured any more.
struct orphan {
  pipeline_id pipeline = 0;
  std::string pipeline_name;
  std::string exporter;
  log_position first = 0;  ///< The oldest block that it was still owed.
  log_position below = 0;  ///< What came later was never owed to it.
  std::uint64_t items = 0; ///< In these blocks; about, once some of them have gone.
  unix_ns until = 0;       ///< Then they may go; 0: nobody knows.
  bool is_over = false;    ///< They may go.
};

/// Notes for whom something is kept since `time`, and who is back, as of now: how far a debt goes.
/// For the start, and for the commit behind a reload.
void note_orphans(const storage::disk& store, const configured_exporters& now, unix_ns time,
                  storage::batch& notes);

/// Those to whom something was owed that the disk still holds. errc::io and
/// errc::corrupt: nobody can say at the moment.
/// @param retention_ns how long after they went
result<std::vector<orphan>> find_orphans(const storage::disk& store,
                                         const configured_exporters& now, unix_ns time,
                                         std::int64_t retention_ns);

/// It went so long ago that it has to begin anew.
result<bool> is_forgotten(const storage::disk& store, pipeline_id pipeline,
                          const std::string& exporter, unix_ns now, std::int64_t retention_ns);

/// What came from there on was never owed to an exporter that is gone; nothing: it is not gone.
result<std::optional<log_position>> owed_below(const storage::disk& store, pipeline_id pipeline,
                                               const std::string& exporter);

/// One line for a person.
std::string describe(const orphan& lost);

} // namespace weir::stages
