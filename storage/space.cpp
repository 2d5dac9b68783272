#include "storage/space.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::storage {

space::space(const options& how, const files& disk)
    : disk_(disk), directory_(how.directory), reserve_(2 * how.memtable_bytes + how.max_wal_bytes),
      memtable_bytes_(how.memtable_bytes),
      ballast_bytes_(std::min(6 * how.memtable_bytes, how.max_bytes / 16)),
      quota_(how.max_bytes - std::min(reserve_, how.max_bytes / 4)) {}

void space::wrote(std::uint64_t bytes) noexcept {
  const auto now = written_.fetch_add(bytes) + bytes + measured_;
  if (now >= quota_)
    accepts_ = false;
}

void space::judge(std::uint64_t used) {
  // Once stopped, it goes on a little below the limit, so that it does not flicker.
  const auto slack = accepts_ ? 0 : 1;
  const auto free = disk_.free_space(directory_);
  accepts_ = used + slack * (quota_ / 64) < quota_ && free >= reserve_ + slack * (reserve_ / 8);
}

void space::measure(std::map<std::string, std::uint64_t> parts) {
  written_ = 0;
  auto& wal = parts["wal"];
  auto& other = parts["other"];
  for (const auto& name : disk_.list(directory_ + "/db")) {
    const auto bytes = disk_.size(directory_ + "/db/" + name);
    if (name.ends_with(".log"))
      wal += bytes;
    else if (!name.ends_with(".sst"))
      other += bytes;
  }
  auto& spare = parts["spare"];
  for (const auto& name : disk_.list(directory_ + "/spare"))
    spare += disk_.size(directory_ + "/spare/" + name);
  auto& damaged = parts["damaged"];
  const auto set_aside = directory_ + "/damaged";
  for (const auto& entry : disk_.list(set_aside)) {
    damaged += disk_.size(set_aside + '/' + entry);
    for (const auto& name : disk_.list(set_aside + '/' + entry))
      damaged += disk_.size(set_aside + '/' + entry + '/' + name);
  }
  parts["ballast"] = disk_.size(ballast());
  auto used = std::uint64_t{0};
  for (const auto& [part, bytes] : parts) {
    used += bytes;
    metrics::storage_bytes.with({{"part", part}}).Set(static_cast<double>(bytes));
  }
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
  if (log::permit("storage-full", 60))
    log::error("the disk under {} is full: clients are told to retry until there is room",
               directory_);
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

void space::restore_ballast() {
  if (full_ || disk_.size(ballast()) >= ballast_bytes_
      || disk_.free_space(directory_) < reserve_ + 2 * ballast_bytes_)
    return;
  if (!disk_.preallocate(ballast(), ballast_bytes_))
    (void)disk_.remove(ballast());
}

} // namespace weir::storage
