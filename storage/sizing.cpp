#include "storage/sizing.hpp"

#include <algorithm>

namespace weir::storage {

namespace {

constexpr std::uint64_t parts = 64;    // Of max_bytes: a memtable takes one at most ...
constexpr std::uint64_t wal_parts = 5; // ... and the write-ahead log so many.
constexpr std::uint64_t ballast_memtables = 6;

} // namespace

options fitted(options how) {
  const auto part = std::max(how.max_bytes, least_max_bytes) / parts;
  how.memtable_bytes = std::min(how.memtable_bytes, part);
  how.max_wal_bytes = std::min(how.max_wal_bytes, wal_parts * part);
  return how;
}

std::uint64_t ballast_bytes(const options& how) {
  return ballast_memtables * how.memtable_bytes;
}

} // namespace weir::storage
