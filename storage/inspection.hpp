#pragma once

#include "storage/mark.hpp"

#include <map>
#include <string>

// A look at the files of a database before RocksDB opens it, for damage that RocksDB passes over in
// silence.
namespace weir::storage {

/// What the write-ahead log looks like.
struct wal_state {
  /// RocksDB would drop acknowledged records: there is a hole with good records behind it, or
  /// something is wrong before what was synced. A torn end is neither.
  bool hole = false;
  /// By file: where its last good record ends. Only where all of it could be read.
  std::map<std::string, std::uint64_t> ends;
};

wal_state inspect_wal(const files& disk, const std::string& directory,
                      const std::optional<mark>& expected);

/// Cuts off what lies behind the last good records, zeros and a torn end: RocksDB takes a record
/// that breaks off into zeros for damage.
void cut_wal(const files& disk, const std::string& directory, const wal_state& found);

/// RocksDB would forget files that are needed: its MANIFEST is damaged, which it may take for a
/// torn end.
bool manifest_damaged(const files& disk, const std::string& directory,
                      const std::optional<mark>& expected);

/// Name of the newest MANIFEST in `directory`, or nothing.
std::string newest_manifest(const files& disk, const std::string& directory);

} // namespace weir::storage
