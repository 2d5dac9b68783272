#include "storage/inspection.hpp"
#include "storage/salvage.hpp"
#include "storage/status.hpp"
#include "storage/store_impl.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <ctime>
#include <fmt/format.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace weir::storage {

namespace {

// A salvage that ends the process every time must not keep the node from starting for ever.
constexpr unsigned max_attempts = 3;

std::string now_text() {
  const auto now = std::time(nullptr);
  auto parts = std::tm();
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &parts);
  return text;
}

// "damaged/<time>", with a number behind it where that is taken.
std::string free_directory(const files& disk, const std::string& below) {
  const auto name = "damaged/" + now_text();
  auto result = name;
  for (int i = 2; disk.exists(below + '/' + result); ++i)
    result = fmt::format("{}-{}", name, i);
  return result;
}

// The file SALVAGE: "whole|log directory attempts", or nothing, when a table was found damaged at
// work.
std::optional<rescue> read_rescue(const files& disk, const std::string& path) {
  const auto text = disk.read(path);
  if (!text)
    return {};
  auto input = std::istringstream(*text);
  auto scope = std::string();
  auto result = rescue();
  input >> scope >> result.directory >> result.attempts;
  result.whole = scope != "log";
  if (!result.directory.starts_with("damaged/"))
    result = {};
  return result;
}

result<void> write_rescue(const files& disk, const std::string& path, const rescue& rescue) {
  return disk.replace(
      path,
      fmt::format("{} {} {}\n", rescue.whole ? "whole" : "log", rescue.directory, rescue.attempts),
      true);
}

// The database is not damaged, it cannot be reached: nothing may be moved.
bool is_refusal(const rocksdb::Status& status) {
  const auto text = status.ToString();
  for (const auto* why : {"Permission denied", "Too many open files", "Read-only file system"})
    if (text.find(why) != text.npos)
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

// Links the write-ahead log aside: RocksDB drops the part behind the damage when it opens.
result<void> link_logs(const files& disk, const std::string& source, const std::string& out) {
  for (const auto& name : disk.list(source))
    if (name.ends_with(".log"))
      if (auto linked = disk.link(source + '/' + name, out + '/' + name); !linked)
        return linked;
  return disk.sync_directory(out);
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
  const auto found = read_identity(disk, settings.directory);
  if (!found)
    return tl::unexpected(found.error());
  const auto expected = read_mark(disk, settings.directory);
  report.fresh = !*found && !expected && disk.list(path("db")).empty();
  resolve_identity(*found, expected);
  auto needed = read_rescue(disk, path("SALVAGE"));
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
  const auto move_aside = [&]() -> result<void> {
    const auto target = path(needed->directory);
    if (auto ok = disk.make_directory(path("damaged")); !ok)
      return ok;
    if (auto ok = write_rescue(disk, path("SALVAGE"), *needed);
        !ok && ok.error().code != errc::full)
      return ok;
    if (disk.exists(target)) // Moved before, by a start that did not finish.
      return {};
    if (auto ok = disk.rename(path("db"), target); !ok)
      return ok;
    return disk.sync_directory(settings.directory);
  };
  if (needed && needed->directory.empty())
    needed->directory = free_directory(disk, settings.directory);
  if (!needed && manifest_damaged(disk, path("db"), expected))
    needed = rescue{.whole = true, .directory = free_directory(disk, settings.directory)};
  const auto wal_found = inspect_wal(disk, path("db"), expected);
  if (!needed && wal_found.hole) {
    needed = rescue{.whole = false, .directory = free_directory(disk, settings.directory)};
    for (const auto* parent : {"damaged", needed->directory.c_str()})
      if (auto ok = disk.make_directory(path(parent)); !ok)
        return ok;
    if (auto ok = link_logs(disk, path("db"), path(needed->directory)); !ok)
      return ok;
    if (auto ok = write_rescue(disk, path("SALVAGE"), *needed);
        !ok && ok.error().code != errc::full)
      return ok;
  } else if (needed && needed->whole) {
    if (auto ok = move_aside(); !ok)
      return ok;
  }
  if (!needed)
    cut_wal(disk, path("db"), wal_found);
  if (auto made = disk.make_directory(path("db")); !made)
    return made;
  if (settings.fsync && !settings.broken.skip_sync)
    if (auto ok = sync_logs(disk, path("db")); !ok && ok.error().code != errc::full)
      return ok;
  auto status = open_database();
  if (!status.ok() && is_no_space(status) && space.ran_out())
    status = open_database();
  if (status.ok())
    return {};
  if (is_no_space(status) || is_refusal(status))
    return tl::unexpected(to_error(status, "opening the database"));
  log::error("the database under {} cannot be opened and is moved aside: {}", settings.directory,
             status.ToString());
  needed = rescue{.whole = true, .directory = free_directory(disk, settings.directory)};
  if (auto ok = move_aside(); !ok)
    return ok;
  if (auto made = disk.make_directory(path("db")); !made)
    return made;
  status = open_database();
  return status.ok() ? result<void>() : tl::unexpected(to_error(status, "making a fresh database"));
}

result<void> store::impl::recover(const std::optional<rescue>& needed,
                                  const std::optional<mark>& expected) {
  if (needed) {
    report.salvaged = true;
    report.damaged_directory = path(needed->directory);
    auto attempt = *needed;
    if (++attempt.attempts <= max_attempts && !settings.broken.skip_salvage) {
      (void)write_rescue(disk, path("SALVAGE"), attempt);
      if (auto done = salvage(*this, path(needed->directory), needed->whole).run(expected); !done) {
        // The rest waits for the next start: with room on the disk it goes on.
        log::error("the salvage did not finish: {}", done.error().message);
        if (done.error().code != errc::full)
          return done;
        space.ran_out();
        say(needed);
        return {};
      }
    }
    (void)disk.remove(path("SALVAGE"));
  }
  if (expected && !(needed && needed->whole))
    if (auto ok = compare(*expected); !ok)
      return ok;
  if (auto s = load(); !s.ok())
    return tl::unexpected(to_error(s, "reading the database"));
  say(needed);
  return {};
}

void store::impl::extend_to(const mark& expected) {
  const auto extend = [](queue& queue, const bounds& bounds) {
    if (bounds.next > 0)
      queue.extend(bounds.next - 1);
  };
  extend(*journal, expected.journal);
  for (const auto& [id, bounds] : expected.logs) {
    const auto log = logs.find(id);
    if (log == logs.end())
      continue;
    extend(log->second->blocks, bounds.blocks);
    extend(log->second->letters, bounds.letters);
  }
}

// The database opened without complaint: is it all there? Its end may have been cut off, which
// nothing in it can tell.
result<void> store::impl::compare(const mark& expected) {
  const auto sequence = data->db().GetLatestSequenceNumber();
  auto before = std::map<const queue*, std::uint64_t>();
  for (const auto* queue : queues())
    before[queue] = queue->next;
  extend_to(expected);
  auto heads = rocksdb::WriteBatch();
  for (auto* queue : queues()) {
    if (queue->next == before[queue])
      continue;
    report.records_lost += queue->next - std::max(before[queue], queue->first.load());
    (void)put(heads, "meta", keys::head(queue->prefix), encode(queue->held()));
  }
  if (heads.Count() > 0)
    if (auto s = write(heads, true); !s.ok() && !is_no_space(s))
      return tl::unexpected(to_error(s, "writing head marks"));
  if (sequence < expected.sequence)
    report.text = fmt::format("the database ends {} records before what was synced",
                              expected.sequence - sequence);
  return {};
}

void store::impl::say(const std::optional<rescue>& needed) {
  if (!needed && report.records_lost == 0 && report.text.empty())
    return;
  if (needed)
    report.text = fmt::format(
        "the {} was damaged and is kept in {}: {} entries and {} blocks were read back, "
        "{} are lost",
        needed->whole ? "database" : "write-ahead log", report.damaged_directory,
        report.entries_salvaged, report.blocks_salvaged, report.records_lost);
  else
    report.text += fmt::format("{}{} entries and blocks are lost", report.text.empty() ? "" : "; ",
                               report.records_lost);
  log::error("storage: {}", report.text);
  static auto& salvaged = metrics::storage_salvaged_records.with();
  static auto& lost = metrics::storage_lost_records.with();
  salvaged.Increment(static_cast<double>(report.entries_salvaged + report.blocks_salvaged));
  lost.Increment(static_cast<double>(report.records_lost));
}

void store::set_aside(std::string_view kind, std::uint64_t position, std::string_view bytes) {
  const auto directory = impl_->path("damaged");
  (void)impl_->disk.make_directory(directory);
  const auto name = fmt::format("{}/{}-{}", directory, kind, position);
  if (auto kept = impl_->disk.replace(name, bytes, false);
      !kept && log::permit("storage-set-aside"))
    log::warn("{}", kept.error().message);
}

} // namespace weir::storage
