#include "storage/damaged_files.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <tuple>

namespace weir::storage {

namespace {

struct kept_file {
  std::uint64_t modified = 0; ///< Of what it was set aside with, in seconds.
  std::string entry;          ///< In the directory.
  std::string path;
  std::uint64_t bytes = 0;

  auto order() const { return std::tie(modified, entry, path); }
};

std::vector<kept_file> files_in(const files& disk, const std::string& directory) {
  auto found = std::vector<kept_file>();
  for (const auto& entry : disk.list(directory)) {
    const auto path = directory + '/' + entry;
    const auto modified = disk.modified(path);
    const auto names = disk.list(path);
    if (names.empty())
      found.push_back({modified, entry, path, disk.size(path)});
    for (const auto& name : names)
      found.push_back({modified, entry, path + '/' + name, disk.size(path + '/' + name)});
  }
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.order() < b.order(); });
  return found;
}

} // namespace

void bound_damaged(const files& disk, const std::string& directory, std::uint64_t max_bytes) {
  const auto all = files_in(disk, directory);
  auto held = std::uint64_t{0};
  for (const auto& file : all)
    held += file.bytes;
  auto gone = std::size_t{0};
  auto gone_bytes = std::uint64_t{0};
  for (const auto& file : all) {
    if (held <= max_bytes)
      break;
    if (!disk.remove(file.path))
      continue;
    held -= file.bytes;
    gone_bytes += file.bytes;
    ++gone;
  }
  for (const auto& entry : disk.list(directory))
    disk.remove_empty_directory(directory + '/' + entry);
  if (gone > 0)
    log::warn(
        "{} holds what was damaged, at most {} MiB (storage.max_damaged_bytes): the oldest {} "
        "files of it, {} MiB, were removed",
        directory, max_bytes >> 20, gone, gone_bytes >> 20);
}

} // namespace weir::storage
