#pragma once

#include "storage/identity.hpp"
#include "storage/store.hpp"

namespace weir::storage {

/// The file MARK, written once a second and at close: what was synced by then. At start it tells
/// whether the database has silently lost its end, and what a salvage should find. Text, guarded by
/// a checksum:
///
///   weir mark 1
///   node 0123456789abcdef
///   sequence 1234                        RocksDB's, at the last synced commit
///   wal 17                               the newest write-ahead log file
///   manifest 912 MANIFEST-000005         its size, all of it synced
///   journal 10 20                        first and next position
///   pipeline 1 0 7 0 0 traces/main       number, blocks' first and next, dead letters' ones, name
///   cursor 1 6 0 otlp/backend            pipeline, position, item, exporter
///   check 0123456789abcdef
struct mark {
  struct log_bounds {
    bounds blocks, letters;
    std::string name;
  };

  node_id node = 0;
  std::uint64_t sequence = 0;
  std::uint64_t wal = 0;
  std::string manifest;
  std::uint64_t manifest_bytes = 0;
  bounds journal;
  std::map<pipeline_id, log_bounds> logs;
  std::map<std::pair<pipeline_id, std::string>, log_place> cursors;
};

std::string encode(const mark& mark);
/// Nothing when it is missing or damaged.
std::optional<mark> read_mark(const files& disk, const std::string& directory);
inline std::string mark_path(const std::string& directory) {
  return directory + "/MARK";
}

} // namespace weir::storage
