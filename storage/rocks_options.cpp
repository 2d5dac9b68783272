#include "storage/rocks_options.hpp"

#include "storage/info_log.hpp"

#include <algorithm>
#include <limits>
#include <rocksdb/table.h>
#include <sys/resource.h>

namespace weir::storage {

namespace {

// A thousand hold 32 GB of log; fewer where the process may open few, since connections and all
// else need the rest.
int open_files() {
  constexpr rlim_t most = 1000;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return most;
  return static_cast<int>(std::clamp<rlim_t>(limit.rlim_cur / 4, 16, most));
}

} // namespace

family_use use_of(std::string_view name) {
  return name == "journal" || name.starts_with("log.") || name.starts_with("dead_letters.")
             ? family_use::values
             : family_use::small;
}

rocksdb::DBOptions database_options(const options& options, rocksdb::Env* env,
                                    std::shared_ptr<rocksdb::EventListener> listener) {
  auto o = rocksdb::DBOptions();
  o.env = env;
  o.create_missing_column_families = true;
  // Its own log file aborts the process on a full disk (Debian builds with assertions).
  o.info_log = std::make_shared<info_log>();
  o.listeners.push_back(std::move(listener));

  // A cold column family pins the write-ahead log; this bounds it, and with it recovery.
  o.max_total_wal_size = options.max_wal_bytes;
  // Open must work on a full disk, and quickly.
  o.avoid_flush_during_recovery = true;
  o.avoid_flush_during_shutdown = true;
  o.skip_stats_update_on_db_open = true;
  // A torn tail is normal after a power cut; damage in the middle is found by our own look at the
  // log.
  o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // A log file that is missing or short is damage, not an empty one.
  o.track_and_verify_wals_in_manifest = true;

  // One writer thread: nothing to gain from inserting side by side.
  o.allow_concurrent_memtable_write = false;
  o.enable_write_thread_adaptive_yield = false;
  // What is older is opened when it is read.
  o.max_open_files = open_files();
  o.max_file_opening_threads = 1;
  // A flush and a compaction may run; compactions only move files (keys rise), so more buys
  // nothing.
  o.max_background_jobs = 2;
  // Deletes in steps: a file of 32 MiB costs milliseconds to unlink, never in the writer's way.
  o.max_manifest_file_size = 16 << 20;
  // Several families hold memtables; together little more than this: they have to fit into the
  // reserve, so that a full disk can be left again.
  o.db_write_buffer_size = options.memtable_bytes * 3;
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  // Dirty pages go out in steps, so that a flush does not make the next fsync wait.
  o.bytes_per_sync = 1 << 20;
  o.strict_bytes_per_sync = true;
  o.compaction_readahead_size = 1 << 20;
  return o;
}

rocksdb::ColumnFamilyOptions family_options(const options& options, std::string_view name) {
  const auto use = use_of(name);
  auto o = rocksdb::ColumnFamilyOptions();
  o.write_buffer_size =
      use == family_use::values ? options.memtable_bytes : options.memtable_bytes / 4;
  o.arena_block_size = std::min<std::size_t>(1 << 20, o.write_buffer_size / 8);
  o.max_write_buffer_number = 4;
  // Values are packed already; ids do not pack.
  o.compression = rocksdb::kNoCompression;
  // Nothing may stall the one writer: a queue with many files in level 0 reads no worse (keys rise,
  // files do not overlap). What does not keep up shows in the memtables, which refuse by
  // themselves.
  o.level0_slowdown_writes_trigger = std::numeric_limits<int>::max() / 4;
  o.level0_stop_writes_trigger = std::numeric_limits<int>::max() / 2;
  o.soft_pending_compaction_bytes_limit = 0;
  o.hard_pending_compaction_bytes_limit = 0;
  // Whoever reads is owed every byte: no expiry by age.
  o.ttl = 0;
  o.periodic_compaction_seconds = 0;
  if (use == family_use::values) {
    // A new file moves on to level 1 at once, a mere note in the MANIFEST as keys rise:
    // DeleteFilesInRanges does not free level 0. There it stays: no level ever fills.
    o.level0_file_num_compaction_trigger = 1;
    o.max_bytes_for_level_base = std::uint64_t{1} << 50;
    o.target_file_size_base = std::max<std::uint64_t>(options.memtable_bytes, 64 << 10);
  }
  auto table = rocksdb::BlockBasedTableOptions();
  // Hardware speed everywhere; Debian's CRC32C is not.
  table.checksum = rocksdb::kXXH3;
  // Readers go front to back, once; the operating system's cache is enough.
  table.no_block_cache = use == family_use::values;
  if (use == family_use::small) {
    static const auto cache = rocksdb::NewLRUCache(8 << 20);
    table.block_cache = cache;
  }
  table.format_version = 5;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

} // namespace weir::storage
