#include "storage/space.hpp"

#include "storage/sizing.hpp"

#include "core/log.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::storage {

namespace {

// All files below a directory, two deep: what was set aside.
std::uint64_t bytes_below(const files& disk, const std::string& directory) {
  auto bytes = std::uint64_t{0};
  for (const auto& entry : disk.list(directory)) {
    const auto path = directory + '/' + entry;
    const auto names = disk.list(path);
    if (names.empty())
      bytes += disk.size(path);
    for (const auto& name : names)
      bytes += disk.size(path + '/' + name);
  }
  return bytes;
}

} // namespace

space::space(const options& options, const files& disk)
    : disk_(disk), directory_(options.directory), memtable_bytes_(options.memtable_bytes),
      max_wal_bytes_(options.max_wal_bytes), reserve_(2 * memtable_bytes_ + max_wal_bytes_),
      ballast_bytes_(ballast_bytes(options)), max_bytes_(options.max_bytes) {}

// The quota less the room in which what is on its way is settled.
std::uint64_t space::limit() const noexcept {
  const auto quota = max_bytes_.load();
  return quota - std::min(reserve_, quota / 4);
}

result<void> space::set_max_bytes(std::uint64_t bytes) {
  auto asked = options();
  asked.max_bytes = bytes;
  asked.memtable_bytes = memtable_bytes_;
  asked.max_wal_bytes = max_wal_bytes_;
  const auto fits = fitted(asked);
  if (bytes < max_bytes_
      && (fits.memtable_bytes < memtable_bytes_ || fits.max_wal_bytes < max_wal_bytes_))
    return fail(errc::invalid_argument,
                fmt::format("storage.max_bytes: {} MiB are too few for write buffers of {} MiB and "
                            "a log of {} MiB, which are made smaller by a restart alone",
                            bytes >> 20, memtable_bytes_ >> 20, max_wal_bytes_ >> 20));
  max_bytes_ = bytes;
  judge(measured_ + written_);
  return {};
}

void space::wrote(std::uint64_t bytes) noexcept {
  const auto now = written_.fetch_add(bytes) + bytes + measured_;
  if (now >= limit() && why_ == refusal::none)
    why_ = refusal::quota;
}

void space::judge(std::uint64_t used) {
  // Once stopped, it goes on a little below the limit, so that it does not flicker.
  const auto slack = why_ == refusal::none ? 0 : 1;
  free_ = disk_.free_space(directory_);
  if (used + slack * (limit() / 64) >= limit())
    why_ = refusal::quota;
  else if (free_ < reserve_ + slack * (reserve_ / 8))
    why_ = refusal::disk;
  else
    why_ = refusal::none;
}

// So much stays free for what comes until the next look.
std::uint64_t space::headroom() const noexcept {
  const auto news = std::max(written_before_.load(), written_.load());
  return std::min(limit() / 8, limit() / 32 + 2 * memtable_bytes_ + 2 * news);
}

storage::room space::room() const {
  auto found = storage::room();
  found.why = full_ ? refusal::disk : why_.load();
  found.stuck = full_;
  found.used = measured_ + written_;
  found.limit = limit();
  found.max_bytes = max_bytes_;
  found.free = free_;
  found.reserve = reserve_;
  const auto headroom = this->headroom();
  const auto over = [](std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; };
  found.excess = std::max(over(found.used + headroom, found.limit),
                          over(reserve_ + std::min(headroom, reserve_), found.free));
  found.over = std::max(over(found.used + found.limit / 64 + 1, found.limit),
                        over(reserve_ + reserve_ / 8 + 1, found.free));
  return found;
}

void space::measure(std::map<std::string, std::uint64_t> parts, std::uint64_t in_memory) {
  written_before_ = written_.exchange(0);
  auto& wal = parts["wal"];
  auto& other = parts["other"];
  for (const auto& name : disk_.list(directory_ + "/db")) {
    const auto bytes = disk_.size(directory_ + "/db/" + name);
    if (name.ends_with(".log"))
      wal += bytes;
    else if (!name.ends_with(".sst"))
      other += bytes;
  }
  wal -= std::min(wal, in_memory); // Counted where it belongs.
  auto& spare = parts["spare"];
  for (const auto& name : disk_.list(directory_ + "/spare"))
    spare += disk_.size(directory_ + "/spare/" + name);
  parts["damaged"] = bytes_below(disk_, directory_ + "/damaged");
  parts["ballast"] = disk_.size(ballast());
  auto used = std::uint64_t{0};
  for (const auto& [part, bytes] : parts)
    used += bytes;
  measured_ = used;
  judge(used);
  const std::lock_guard guard(mutex_);
  usage_ = std::move(parts);
}

std::map<std::string, std::uint64_t> space::usage() const {
  const std::lock_guard guard(mutex_);
  return usage_;
}

bool space::ran_out() {
  full_ = true;
  free_ = disk_.free_space(directory_);
  if (log::permit("storage-full", 60))
    log::error("the disk under {} is full ({} MiB free): clients are told to retry until there is "
               "room",
               directory_, free_ >> 20);
  if (!disk_.exists(ballast()))
    return false;
  return disk_.remove(ballast()).has_value();
}

// Flushes in the background may take room for all memtables (three, see rocks_options.cpp) between
// this look and the write.
bool space::has_room_for(std::uint64_t bytes) const {
  return disk_.free_space(directory_) >= bytes + bytes / 4 + 4 * memtable_bytes_;
}

bool space::make_room_for(std::uint64_t bytes) {
  return has_room_for(bytes) || (ran_out() && has_room_for(bytes));
}

// Into half of the headroom: a quota that delivered blocks fill is the ordinary case, and they go
// as the headroom is used up, so that there is room again at the next look.
bool space::has_room_to_spare(std::uint64_t bytes) const {
  const auto spare = headroom();
  return accepts_data() && measured_ + written_ + bytes + spare / 2 <= limit()
         && disk_.free_space(directory_) >= reserve_ + std::min(spare, reserve_) / 2 + bytes;
}

void space::restore_ballast() {
  if (full_ || disk_.size(ballast()) >= ballast_bytes_
      || disk_.free_space(directory_) < reserve_ + 2 * ballast_bytes_)
    return;
  if (!disk_.preallocate(ballast(), ballast_bytes_))
    (void)disk_.remove(ballast());
}

} // namespace weir::storage
