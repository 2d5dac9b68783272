// How the store (storage/store_impl.hpp) is opened.
#include "storage/inspection.hpp"
#include "storage/rescue.hpp"
#include "storage/salvage.hpp"
#include "storage/status.hpp"
#include "storage/store_impl.hpp"

#include "core/log.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace weir::storage {

namespace {

// The database is not damaged, it cannot be reached: nothing may be moved.
bool is_refusal(const rocksdb::Status& status) {
  const auto text = status.ToString();
  for (const auto* refusal : {"Permission denied", "Too many open files", "Read-only file system"})
    if (text.find(refusal) != text.npos)
      return true;
  return status.IsMemoryLimit();
}

// Of a directory that was there before, the group's access may be meant (volumes of Kubernetes).
void shut_out_others(const std::string& directory) {
  struct stat found {};
  constexpr mode_t others = S_IRWXO;
  constexpr mode_t ours = 07770;
  if (stat(directory.c_str(), &found) != 0 || (found.st_mode & others) == 0
      || found.st_uid != geteuid())
    return;
  if (chmod(directory.c_str(), found.st_mode & ours) == 0)
    log::info("{} was open to every user of this machine: it is no more", directory);
}

// What is read back from the write-ahead log counts as durable from then on, but a killed process
// may not have synced it.
result<void> sync_logs(const files& disk, const std::string& directory) {
  for (const auto& name : numbered_files(disk, directory, ".log"))
    if (auto ok = disk.sync(directory + '/' + name); !ok)
      return ok;
  return disk.sync_directory(directory);
}

} // namespace

result<void> store::impl::open() {
  if (auto made = disk.make_directory(settings.directory); !made)
    return fail(errc::io,
                fmt::format("the storage directory cannot be made: {}", made.error().message));
  shut_out_others(settings.directory);
  auto taken = directory_lock::take(settings.directory);
  if (!taken)
    return tl::unexpected(taken.error());
  lock = std::move(*taken);
  spilled.clear(); // First: on a full disk the rest may need that room.
  const auto found = read_identity(disk, settings.directory);
  if (!found)
    return tl::unexpected(found.error());
  const auto expected = read_mark(disk, settings.directory);
  report.fresh = !*found && !expected && disk.list(path("db")).empty();
  resolve_identity(*found, expected);
  auto needed = read_rescue(disk, settings.directory);
  if (auto ok = open_or_set_aside(needed, expected); !ok)
    return ok;
  if (auto ok = recover(needed, expected); !ok)
    return ok;
  if (!*found)
    if (auto written = write_identity(disk, settings.directory, self);
        !written && written.error().code != errc::full)
      return written;
  return {};
}

void store::impl::resolve_identity(const std::optional<identity>& found,
                                   const std::optional<mark>& expected) {
  if (found && found->node != 0) {
    self = *found;
    return;
  }
  self.node = expected && expected->node != 0 ? expected->node : random_id();
  if (!report.fresh)
    log::warn("{} was missing or damaged and is written again; this node is {:016x}",
              path("VERSION"), self.node);
}

// Opens the database where it can be opened whole. Else says what is needed, with the damaged files
// already aside, and opens what is left: the database without the end of its log, or a fresh one.
result<void> store::impl::open_or_set_aside(std::optional<rescue>& needed,
                                            const std::optional<mark>& expected) {
  if (auto ok = set_damage_aside(needed, expected); !ok)
    return ok;
  const auto opened = open_what_is_there();
  if (!opened)
    return tl::unexpected(opened.error());
  if (opened->ok())
    return {};
  if (is_no_space(*opened) || is_refusal(*opened))
    return tl::unexpected(to_error(*opened, "opening the database"));
  log::error("the database under {} cannot be opened and is moved aside: {}", settings.directory,
             opened->ToString());
  needed = begin_rescue(disk, settings.directory, true);
  return open_fresh(*needed);
}

std::optional<rescue> store::impl::find_damage(const wal_state& log,
                                               const std::optional<mark>& expected) const {
  const bool whole = manifest_damaged(disk, path("db"), expected);
  if (!whole && !log.hole)
    return {};
  return begin_rescue(disk, settings.directory, whole);
}

result<void> store::impl::set_damage_aside(std::optional<rescue>& needed,
                                           const std::optional<mark>& expected) {
  if (needed) // Logs were linked before SALVAGE was written.
    return needed->whole ? move_database_aside(*needed) : result<void>();
  const auto log = inspect_wal(disk, path("db"), expected);
  needed = find_damage(log, expected);
  if (needed)
    return needed->whole ? move_database_aside(*needed) : link_logs_aside(*needed);
  cut_wal(disk, path("db"), log);
  return {};
}

result<void> store::impl::move_database_aside(const rescue& needed) {
  if (auto ok = disk.make_directory(path("damaged")); !ok)
    return ok;
  if (auto ok = write_rescue(disk, settings.directory, needed); !ok)
    return ok;
  const auto target = path(needed.directory);
  if (disk.exists(target)) // Moved before, by a start that did not finish.
    return {};
  if (auto ok = disk.rename(path("db"), target); !ok)
    return ok;
  return disk.sync_directory(settings.directory);
}

// Links, as RocksDB drops the part behind the damage when it opens.
result<void> store::impl::link_logs_aside(const rescue& needed) {
  const auto target = path(needed.directory);
  for (const auto& directory : {path("damaged"), target})
    if (auto ok = disk.make_directory(directory); !ok)
      return ok;
  for (const auto& name : disk.list(path("db")))
    if (name.ends_with(".log"))
      if (auto linked = disk.link(path("db") + '/' + name, target + '/' + name); !linked)
        return linked;
  if (auto ok = disk.sync_directory(target); !ok)
    return ok;
  return write_rescue(disk, settings.directory, needed);
}

result<rocksdb::Status> store::impl::open_what_is_there() {
  if (auto made = disk.make_directory(path("db")); !made)
    return tl::unexpected(made.error());
  if (settings.fsync && !settings.broken.skip_sync)
    if (auto ok = sync_logs(disk, path("db")); !ok && ok.error().code != errc::full)
      return tl::unexpected(ok.error());
  auto status = open_database();
  if (is_no_space(status) && space.ran_out())
    status = open_database();
  return status;
}

result<void> store::impl::open_fresh(const rescue& needed) {
  if (auto ok = move_database_aside(needed); !ok)
    return ok;
  if (auto made = disk.make_directory(path("db")); !made)
    return made;
  const auto status = open_database();
  return status.ok() ? result<void>() : tl::unexpected(to_error(status, "making a fresh database"));
}

} // namespace weir::storage
