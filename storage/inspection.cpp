#include "storage/inspection.hpp"

#include "storage/salvage.hpp"
#include "storage/wal_reader.hpp"

#include <algorithm>

namespace weir::storage {

bool has_hole(const files& disk, const std::string& directory,
              const std::optional<mark>& expected) {
  auto next = std::optional<std::uint64_t>();
  auto damaged = false;
  for (const auto& name : numbered_files(disk, directory, ".log")) {
    auto reader = wal_reader(disk, directory + '/' + name);
    while (const auto record = reader.next()) {
      damaged |= !record->is_batch();
      if (!record->is_batch())
        continue;
      if (next ? record->sequence() > *next : damaged)
        return true;
      next = std::max(next.value_or(0), record->sequence() + record->count());
    }
  }
  return damaged && expected && next.value_or(0) <= expected->sequence;
}

std::string newest_manifest(const files& disk, const std::string& directory) {
  auto newest = std::string();
  for (const auto& name : disk.list(directory))
    if (name.starts_with("MANIFEST-")
        && std::pair(name.size(), name) > std::pair(newest.size(), newest))
      newest = name;
  return newest;
}

bool manifest_damaged(const files& disk, const std::string& directory,
                      const std::optional<mark>& expected) {
  auto name = disk.read(directory + "/CURRENT").value_or("");
  while (name.ends_with('\n'))
    name.pop_back();
  const auto path = directory + '/' + name;
  if (!name.starts_with("MANIFEST-") || !disk.exists(path))
    return false; // The open will say it.
  const auto synced = expected && expected->manifest == name ? expected->manifest_bytes : 0;
  if (disk.size(path) < synced)
    return true;
  auto reader = wal_reader(disk, path);
  auto good = std::uint64_t{0};
  for (auto record = reader.next(); record; record = reader.next()) {
    if (!record->intact) // Only an end that was not synced may be torn.
      return reader.next() || !reader.torn() || good < synced;
    good = reader.position();
  }
  return false;
}

} // namespace weir::storage
