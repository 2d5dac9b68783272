// What the store (storage/store_impl.hpp) does once a second: heads, space, files.
#include "storage/damaged_files.hpp"
#include "storage/inspection.hpp"
#include "storage/rocks_options.hpp"
#include "storage/status.hpp"
#include "storage/store_impl.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <fmt/format.h>
#include <rocksdb/convenience.h>

namespace weir::storage {

namespace {

// Idle for this many calls (seconds): what was trimmed is flushed out of memtables and write-ahead
// log.
constexpr unsigned idle_limit = 10;
// And for so many calls more, files are looked at again, as compactions move them behind the
// scenes.
constexpr unsigned idle_follow_up = 5;

} // namespace

// The head marks of all queues that were trimmed, and what goes with them, in one synced batch:
// files must not go before that.
result<void> store::impl::persist_heads(bool& moved) {
  auto heads = rocksdb::WriteBatch();
  auto trimmed = std::vector<std::pair<queue*, std::uint64_t>>();
  for (auto* queue : queues()) {
    const auto held = queue->held();
    if (held.first == queue->durable_first)
      continue;
    (void)put(heads, "meta", keys::head(queue->prefix), encode(held));
    trimmed.emplace_back(queue, held.first);
  }
  if (trimmed.empty())
    return {};
  auto passed = std::vector<journal_position>();
  {
    const std::shared_lock guard(mutex);
    for (const auto position : erased)
      if (position < journal->first)
        passed.push_back(position);
  }
  for (const auto position : passed)
    (void)heads.Delete(data->family("meta"), keys::erased(position));
  if (settings.broken.trim_unsynced)
    free_files();
  if (auto s = write(heads, true); !s.ok())
    return tl::unexpected(to_error(s, "writing head marks"));
  for (const auto& [queue, first] : trimmed)
    queue->durable_first = first;
  const std::unique_lock guard(mutex);
  for (const auto position : passed)
    erased.erase(position);
  moved = true;
  return {};
}

// Drops the table files that lie wholly before a head. Level 0 is not looked at by RocksDB; files
// leave it at once (rocks_options.cpp).
void store::impl::free_files() {
  for (const auto* queue : queues()) {
    const auto below =
        settings.broken.trim_unsynced ? queue->held().first : queue->durable_first.load();
    if (below == 0)
      continue;
    const auto begin = queue->key(0);
    const auto end = queue->key(below);
    const auto range = rocksdb::Slice(begin);
    const auto limit = rocksdb::Slice(end);
    const auto ranges = rocksdb::RangePtr(&range, &limit);
    const auto status =
        rocksdb::DeleteFilesInRanges(&data->db(), queue->family, &ranges, 1, /*include_end=*/false);
    if (!status.ok() && log::permit("storage-free"))
      log::warn("giving space back: {}", status.ToString());
  }
}

// Progress, decisions and index entries are small: a range delete, which compaction turns into
// space.
void store::impl::trim_small() {
  auto progress = decltype(progress_floor)();
  auto decisions = decltype(decisions_floor)();
  {
    const std::shared_lock guard(mutex);
    progress = progress_floor;
    decisions = decisions_floor;
  }
  auto deletes = rocksdb::WriteBatch();
  for (const auto& [source, below] : progress) {
    auto& done = progress_trimmed[source];
    const auto begin = entry_id{source.first, source.second, done};
    const auto end = entry_id{source.first, source.second, below};
    if (done < below)
      for (const auto& key : {keys::progress, keys::settled})
        (void)deletes.DeleteRange(data->family("progress"), key(begin), key(end));
    done = below;
  }
  for (const auto& [pipeline, below] : decisions) {
    auto& done = decisions_trimmed[pipeline];
    if (done < below)
      (void)deletes.DeleteRange(data->family("decisions"), keys::decisions(pipeline, done),
                                keys::decisions(pipeline, below));
    done = below;
  }
  if (deletes.Count() > 0)
    (void)write(deletes, false);
}

void store::impl::trim_index(pipeline_log& log) {
  const auto first = log.blocks.durable_first.load();
  const auto prefix = keys::prefix(keys::kind::time, log.pipeline);
  auto end = std::string();
  (void)scan(log.index, keys::time(log.pipeline, 0, 0), keys::end_of(prefix),
             [&](std::string_view key, std::string_view) {
               const auto passed = keys::parse(key)->number < first;
               if (passed)
                 end = std::string(key) + '\0'; // The key right behind it.
               return passed;
             });
  auto deletes = rocksdb::WriteBatch();
  if (!end.empty())
    (void)deletes.DeleteRange(log.index, keys::time(log.pipeline, 0, 0), end);
  // What a clock that was ahead has left stands behind all else.
  const auto last =
      std::unique_ptr<rocksdb::Iterator>(data->db().NewIterator(rocksdb::ReadOptions(), log.index));
  for (last->SeekToLast(); last->Valid(); last->Prev()) {
    const auto key = last->key().ToStringView();
    if (keys::parse(key)->number >= first || key < end)
      break;
    (void)deletes.Delete(log.index, last->key());
  }
  if (deletes.Count() > 0)
    (void)write(deletes, false);
}

void store::impl::flush_when_idle() {
  const auto now = commits.load();
  idle_ticks = now == std::exchange(commits_seen, now) ? idle_ticks + 1 : 0;
  if (idle_ticks < idle_limit || !trimmed_since_flush || space.full()) // That flush would wait.
    return;
  if (idle_ticks == idle_limit) {
    auto families = std::vector<rocksdb::ColumnFamilyHandle*>();
    for (const auto& [name, family] : data->families())
      families.push_back(family);
    (void)data->db().Flush(rocksdb::FlushOptions(), families);
    return;
  }
  free_files();
  if (idle_ticks == idle_limit + idle_follow_up) {
    trimmed_since_flush = false;
    wal->drop_spares();
  }
}

// By a write: SyncWAL() on a log that has failed before aborts the process in Debian's build of
// RocksDB.
rocksdb::Status store::impl::sync() {
  auto record = rocksdb::WriteBatch();
  (void)put(record, "meta", keys::meta("storage/synced"), {});
  return write(record, true);
}

void store::impl::write_mark() {
  auto now = mark();
  now.sequence = data->db().GetLatestSequenceNumber();
  now.node = self.node;
  now.manifest = newest_manifest(disk, path("db"));
  now.manifest_bytes = disk.size(path("db/" + now.manifest));
  now.journal = journal->held();
  for (const auto& name : disk.list(path("db")))
    if (name.ends_with(".log"))
      now.wal = std::max<std::uint64_t>(now.wal, std::strtoull(name.c_str(), nullptr, 10));
  {
    const std::shared_lock guard(mutex);
    for (const auto& [id, name] : names)
      now.logs[id].name = name;
    for (const auto& [id, log] : logs) {
      now.logs[id].blocks = log->blocks.held();
      now.logs[id].letters = log->letters.held();
    }
  }
  const auto read = scan_cursors(keys::prefix(keys::kind::cursor),
                                 [&](const keys::parsed& key, const log_place& place) {
                                   now.cursors[{key.pipeline, std::string(key.text)}] = place;
                                 });
  if (!read.ok()) // The last mark knows more.
    return;
  auto text = encode(now);
  if (text == last_mark)
    return;
  // Positions of commits that nobody wanted synced are in it too.
  if (!sync().ok())
    return;
  now.sequence = data->db().GetLatestSequenceNumber();
  text = encode(now);
  if (const auto written = disk.replace(mark_path(settings.directory), text, false); written)
    last_mark = std::move(text);
  else if (log::permit("storage-mark", 60))
    log::warn("{}", written.error().message);
}

// Memtables hold what stands in the write-ahead log: it counts as what it is.
void store::impl::measure() {
  using properties = rocksdb::DB::Properties;
  auto parts = std::map<std::string, std::uint64_t>();
  auto all_in_memory = std::uint64_t{0};
  for (const auto& [name, family] : data->families()) {
    auto bytes = std::uint64_t{0};
    auto records = std::uint64_t{0};
    auto frozen = std::uint64_t{0};
    auto in_memory = std::uint64_t{0};
    (void)data->db().GetIntProperty(family, properties::kTotalSstFilesSize, &bytes);
    (void)data->db().GetIntProperty(family, properties::kNumEntriesActiveMemTable, &records);
    (void)data->db().GetIntProperty(family, properties::kNumEntriesImmMemTables, &frozen);
    if (use_of(name) == family_use::values && records + frozen > 0)
      (void)data->db().GetIntProperty(family, properties::kCurSizeAllMemTables, &in_memory);
    auto part = name;
    if (const auto dot = name.find('.'); dot != std::string::npos) {
      const std::shared_lock guard(mutex);
      const auto known =
          names.find(static_cast<pipeline_id>(std::strtoul(&name[dot + 1], nullptr, 10)));
      part =
          name.substr(0, dot) + '/' + (known == names.end() ? name.substr(dot + 1) : known->second);
    }
    parts[part] += bytes + in_memory;
    all_in_memory += in_memory;
  }
  parts["spill"] = spilled.bytes();
  space.measure(std::move(parts), all_in_memory);
}

// RocksDB looks every five seconds whether there is room and goes on by itself; Resume() is for
// errors where it does not, and answers "busy" otherwise. (Its recovery must not be switched off in
// favour of Resume(): a flush that fails late then leaves Resume() waiting for ever.)
void store::impl::resume() {
  auto in_memory = std::uint64_t{0};
  (void)data->db().GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables,
                                            &in_memory);
  if (!space.has_room_for(in_memory) || !data->db().Resume().ok() || !sync().ok())
    return;
  space.recovered();
  log::info("writing to the disk under {} goes on", settings.directory);
}

// Spares for the next logs, one at a time. Not for a node that has nothing to do; two for one that
// may need both before it comes here again. RocksDB begins the next log with a flush: that of the
// smallest family is enough.
void store::impl::add_spare() {
  if (!space.accepts_data())
    return wal->drop_spares();
  const auto committed = bytes_committed.load();
  const auto news = committed - committed_at_spare;
  if (news < settings.memtable_bytes / 32
      || disk.free_space(settings.directory) < 2 * space.reserve())
    return;
  committed_at_spare = committed;
  wal->add_spare(settings.memtable_bytes + settings.memtable_bytes / 8,
                 news < settings.memtable_bytes / 2 ? 1 : 2);
  auto at_once = rocksdb::FlushOptions();
  at_once.wait = false;
  if (wal->better_one_ready())
    (void)data->db().Flush(at_once, data->family("meta"));
}

void store::impl::follow_trims() {
  spilled.remove_unused();
  auto moved = false;
  if (const auto persisted = persist_heads(moved); !persisted) {
    if (persisted.error().code == errc::full)
      space.ran_out();
    else if (log::permit("storage-maintain"))
      log::warn("{}", persisted.error().message);
  }
  if (moved)
    trimmed_since_flush = true;
  if (trimmed_since_flush) // A file that was being moved stays behind: until it is gone.
    free_files();
  if (!moved)
    return;
  const std::shared_lock shared(mutex);
  for (const auto& [id, log] : logs)
    trim_index(*log);
}

void store::impl::bound_damaged() {
  const auto held = space.usage()["damaged"];
  const auto most =
      settings.max_damaged_bytes > 0 ? settings.max_damaged_bytes : space.room().max_bytes / 10;
  if (held == std::exchange(damaged_seen, held) || held <= most
      || disk.exists(path("SALVAGE"))) // A salvage that goes on at the next start needs it.
    return;
  storage::bound_damaged(disk, path("damaged"), most);
}

void store::impl::maintain() {
  const std::lock_guard guard(maintenance);
  if (!data || failed)
    return;
  if (space.full())
    resume();
  follow_trims();
  trim_small();
  flush_when_idle();
  write_mark();
  measure();
  bound_damaged();
  space.restore_ballast();
  add_spare();
}

void store::give_back() {
  auto& all = *impl_;
  const std::lock_guard guard(all.maintenance);
  if (!all.data || all.failed)
    return;
  all.follow_trims();
  all.measure();
}

} // namespace weir::storage
