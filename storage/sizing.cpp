#include "storage/sizing.hpp"

#include <algorithm>

namespace weir::storage {

namespace {

constexpr std::uint64_t parts = 64;    // Of max_bytes: a memtable takes one at most ...
constexpr std::uint64_t wal_parts = 5; // ... and the write-ahead log so many.
constexpr std::uint64_t ballast_memtables = 6;

} // namespace

options fitted(options options) {
  const auto part = std::max(options.max_bytes, least_max_bytes) / parts;
  options.memtable_bytes = std::min(options.memtable_bytes, part);
  options.max_wal_bytes = std::min(options.max_wal_bytes, wal_parts * part);
  return options;
}

std::uint64_t ballast_bytes(const options& options) {
  return ballast_memtables * options.memtable_bytes;
}

} // namespace weir::storage
