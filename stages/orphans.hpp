#pragma once

#include "storage/disk.hpp"

#include <map>
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
};

/// Notes for whom something is kept and who is back, as of now: how far a debt goes. For the start,
/// and for the commit behind a reload.
void note_orphans(const storage::disk& store, const configured_exporters& now,
                  storage::batch& notes);

/// Those to whom something is owed that the disk still holds. errc::io and errc::corrupt: nobody
/// can say at the moment.
result<std::vector<orphan>> find_orphans(const storage::disk& store,
                                         const configured_exporters& now);

/// One line for a person. @param retention_ns after which it goes
std::string describe(const storage::disk& store, const orphan& lost, std::int64_t retention_ns);

/// When its newest block goes; 0 when it cannot be read.
unix_ns end_of(const storage::disk& store, const orphan& lost, std::int64_t retention_ns);

} // namespace weir::stages
