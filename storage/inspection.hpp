#pragma once

#include "storage/mark.hpp"

// A look at the files of a database before RocksDB opens it, for damage that RocksDB passes over in
// silence.
namespace weir::storage {

/// RocksDB would drop acknowledged records: in the write-ahead log in `directory` there is a hole
/// with good records behind it, or something is wrong before what was synced. A torn end is
/// neither.
bool has_hole(const files& disk, const std::string& directory, const std::optional<mark>& expected);

/// RocksDB would forget files that are needed: its MANIFEST is damaged, which it may take for a
/// torn end.
bool manifest_damaged(const files& disk, const std::string& directory,
                      const std::optional<mark>& expected);

/// Name of the newest MANIFEST in `directory`, or nothing.
std::string newest_manifest(const files& disk, const std::string& directory);

} // namespace weir::storage
