#include "storage/inspection.hpp"

#include "storage/salvage.hpp"
#include "storage/wal_reader.hpp"

#include <algorithm>

namespace weir::storage {

wal_state inspect_wal(const files& disk, const std::string& directory,
                      const std::optional<mark>& expected) {
  auto result = wal_state();
  auto next = std::optional<std::uint64_t>();
  auto damaged = false;
  for (const auto& name : numbered_files(disk, directory, ".log")) {
    auto reader = wal_reader(disk, directory + '/' + name);
    auto end = std::uint64_t{0};
    while (const auto record = reader.next()) {
      damaged |= !record->is_batch();
      if (!record->is_batch())
        continue;
      result.hole |= next ? record->sequence() > *next : damaged;
      next = std::max(next.value_or(0), record->sequence() + record->count());
      end = reader.position();
    }
    if (!reader.unreadable())
      result.ends[name] = end;
  }
  result.hole |= damaged && expected && next.value_or(0) <= expected->sequence;
  return result;
}

void cut_wal(const files& disk, const std::string& directory, const wal_state& found) {
  for (const auto& [name, end] : found.ends)
    if (const auto path = directory + '/' + name; disk.size(path) > end)
      (void)disk.truncate(path, end);
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
