#pragma once

#include "storage/database.hpp"
#include "storage/identity.hpp"
#include "storage/inspection.hpp"
#include "storage/lock.hpp"
#include "storage/mark.hpp"
#include "storage/queue.hpp"
#include "storage/rescue.hpp"
#include "storage/space.hpp"
#include "storage/spill_files.hpp"
#include "storage/store.hpp"
#include "storage/wal_files.hpp"

#include <mutex>
#include <optional>
#include <rocksdb/write_batch.h>
#include <set>
#include <shared_mutex>

namespace weir::storage {

using record_visitor = std::function<bool(std::string_view key, std::string_view value)>;

struct store::impl {
  explicit impl(const options& options);
  ~impl();

  // -- opening (opening.cpp, store.cpp, recovery.cpp) --
  result<void> open();
  /// Opens the database and everything read from it at start; a failure leaves nothing open.
  rocksdb::Status open_database();
  rocksdb::Status load();
  rocksdb::Status load_meta();
  void close_database();
  result<void> open_log(pipeline_id pipeline);
  void resolve_identity(const std::optional<identity>& found, const std::optional<mark>& expected);
  result<void> open_or_set_aside(std::optional<rescue>& needed,
                                 const std::optional<mark>& expected);
  /// What is wrong with the files that RocksDB would pass over in silence.
  std::optional<rescue> find_damage(const wal_state& log,
                                    const std::optional<mark>& expected) const;
  /// Looks for damage unless a rescue is under way; whole files lose what lies behind their end.
  result<void> set_damage_aside(std::optional<rescue>& needed, const std::optional<mark>& expected);
  result<void> move_database_aside(const rescue& needed);
  result<void> link_logs_aside(const rescue& needed);
  /// What RocksDB says; an error where it was not asked.
  result<rocksdb::Status> open_what_is_there();
  result<void> open_fresh(const rescue& needed);
  result<void> recover(const std::optional<rescue>& needed, const std::optional<mark>& expected);
  result<void> compare(const mark& expected);
  /// Positions begin behind those that the mark knows.
  void extend_to(const mark& expected);
  void say(const std::optional<rescue>& needed);

  // -- writing (commit.cpp) --
  result<void> commit(batch& batch, bool sync);
  result<void> encode_batch(const batch& batch);
  result<void> refuse(const rocksdb::Status& why);
  /// Says it, and says it again in failure().
  result<void> fail_for_good(std::string why);
  void applied(const batch& batch);
  rocksdb::Status put(rocksdb::WriteBatch& batch, std::string_view family, const std::string& key,
                      std::string_view value);
  /// For small writes beside the writer's.
  rocksdb::Status write(rocksdb::WriteBatch& batch, bool sync);
  /// Makes everything durable that was written before.
  rocksdb::Status sync();

  result<std::uint64_t> spill(std::string_view bytes);

  // -- reading (reading.cpp) --
  result<std::string> read(const queue& queue, std::uint64_t position, std::string_view name) const;
  result<void>
  scan_queue(const queue& queue, std::uint64_t begin,
             const std::function<bool(std::uint64_t position, std::string_view)>& each) const;
  /// Records of a family of small ones from `begin` to before `end`; what is damaged is skipped and
  /// counted.
  result<void> scan(rocksdb::ColumnFamilyHandle* family, const std::string& begin,
                    const std::string& end, const record_visitor& each) const;
  /// Records of entries in the family progress, but for trimmed ones. @param type progress, settled
  result<void>
  scan_by_entry(keys::kind type,
                const std::function<bool(const entry_id&, std::string_view)>& each) const;
  /// Stops at damage, and says so: a cursor that is skipped is data sent twice, or never.
  rocksdb::Status
  scan_cursors(const std::string& prefix,
               const std::function<void(const keys::parsed&, const log_place&)>& each) const;
  /// errc::invalid_argument for a log that was not opened.
  result<pipeline_log*> log_of(pipeline_id pipeline) const;
  std::vector<queue*> queues() const;

  // -- maintenance (maintain.cpp) --
  void maintain();
  void resume();
  result<void> persist_heads(bool& moved);
  void free_files();
  void trim_small();
  void trim_index(pipeline_log& log);
  void flush_when_idle();
  void write_mark();
  void measure();
  void add_spare();
  /// Trims become durable, and their files go.
  void follow_trims();
  /// damaged/ is bounded.
  void bound_damaged();
  std::vector<segment> segments(const queue& held) const;

  std::string path(std::string_view name) const {
    return settings.directory + '/' + std::string(name);
  }

  const options settings;
  const files disk;
  const std::shared_ptr<wal_files> wal;
  const std::unique_ptr<rocksdb::Env> env;
  std::optional<directory_lock> lock;
  identity self;
  const weir::epoch epoch = random_id();
  recovery_report report;
  std::unique_ptr<database> data;
  storage::space space;
  spill_files spilled;

  mutable std::shared_mutex mutex; ///< Guards what follows, the database's families too.
  std::map<pipeline_id, std::string> names;
  std::map<pipeline_id, std::unique_ptr<pipeline_log>> logs;
  std::set<journal_position> erased;
  std::map<std::pair<node_id, weir::epoch>, sequence> progress_floor;
  std::map<pipeline_id, std::uint64_t> decisions_floor;

  std::unique_ptr<queue> journal;
  rocksdb::WriteBatch scratch; ///< The writer's.
  std::atomic<std::uint64_t> commits = 0;
  std::atomic<std::uint64_t> bytes_committed = 0;
  std::atomic<bool> failed = false;
  mutable std::mutex failure_mutex;
  std::string why_failed; ///< Guarded by failure_mutex.

  std::mutex maintenance; ///< One maintain() at a time; guards what follows.
  std::map<std::pair<node_id, weir::epoch>, sequence> progress_trimmed;
  std::map<pipeline_id, std::uint64_t> decisions_trimmed;
  std::uint64_t commits_seen = 0;
  unsigned idle_ticks = 0;
  bool trimmed_since_flush = false;
  std::uint64_t damaged_seen = 0; ///< Bytes of damaged/ at the last look.
  std::string last_mark;
  std::uint64_t committed_at_spare = 0;
};

/// Where records of the kinds that are overwritten live.
std::string_view small_family(keys::kind kind);

/// Bytes of the version in front of the values that are overwritten.
inline constexpr std::size_t version_bytes = 8;

} // namespace weir::storage
