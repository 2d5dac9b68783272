#pragma once

#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/ids.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rocksdb {
class FileSystem;
class SystemClock;
} // namespace rocksdb

namespace weir::storage {

struct options {
  std::string directory = "./weir-data";
  std::uint64_t max_bytes = 10ULL << 30;
  std::uint64_t max_damaged_bytes =
      0; ///< Of damaged/; the oldest goes first. 0: a tenth of max_bytes.
  bool fsync = true;
  /// Size of one memtable and cap of the write-ahead log; the reserve kept free on the disk is two
  /// memtables and the log's cap. A small quota makes them smaller (sizing.hpp), and so do tests.
  std::uint64_t memtable_bytes = 32 << 20;
  std::uint64_t max_wal_bytes = 160 << 20;
  /// Under the database, for tests with a faulty disk. Null: the operating system's.
  std::shared_ptr<rocksdb::FileSystem> file_system;
  /// The same for time: RocksDB sleeps a second after each failed flush. Null: real.
  std::shared_ptr<rocksdb::SystemClock> clock;
  /// Promises broken on purpose, so that the tests can show that they would notice. Never set
  /// otherwise.
  struct sabotage {
    bool skip_sync = false;     ///< Commits are answered before they are synced.
    bool trim_unsynced = false; ///< Files go before the head mark that says so is synced.
    bool skip_salvage = false;  ///< Damage is moved aside and nothing is read from it.
  } broken;
};

/// An exporter's place in a log: it has delivered everything before span `item` of block
/// `position`.
struct cursor {
  log_position position = 0;
  std::uint32_t item = 0;

  friend auto operator<=>(const cursor&, const cursor&) = default;
};

/// What one commit writes, all or nothing. Built by the stages, merged by the writer. Where bytes
/// can be shared they are not copied; a view is copied.
class batch {
public:
  batch();
  ~batch();
  batch(batch&&) noexcept;
  batch& operator=(batch&&) noexcept;

  void put_entry(journal_position position, std::string_view entry);
  void put_entry(journal_position position, shared_bytes entry);
  /// Takes one entry out of the middle (it was written again further back): scans leave it out.
  /// Who still knows its place can read it until the journal is trimmed above it.
  void erase_entry(journal_position position);

  void put_progress(const entry_id& id, std::string_view progress);

  /// `chunk` numbers rise; a chunk is what one flush decided.
  void put_decisions(pipeline_id pipeline, std::uint64_t chunk, std::string_view decisions);

  /// `last_time`: the latest receive time of what is inside (block_header::last_time), for
  /// find_time().
  /// @pre the blocks of a log are committed in the order of their positions
  void append_block(pipeline_id pipeline, log_position position, unix_ns last_time,
                    std::string_view block);
  void append_block(pipeline_id pipeline, log_position position, unix_ns last_time,
                    shared_bytes block);
  void put_cursor(std::string_view exporter, pipeline_id pipeline, const cursor& place);
  void put_dead_letter(pipeline_id pipeline, log_position position, std::string_view letter);
  void put_meta(std::string_view key, std::string_view value);

  /// Adds everything of `other` behind what is here.
  void append(batch&& other);
  std::size_t bytes() const noexcept;
  bool empty() const noexcept;

private:
  friend class store;
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// First and one past the last position held. Numbering begins at 0; after damage there may be
/// holes.
struct bounds {
  std::uint64_t first = 0;
  std::uint64_t next = 0;
};

/// Records of a log, or dead letters, that leave the disk together: a table file's. Or,
/// `in_memory`, those that are in the write-ahead log alone yet: trimming them frees nothing at
/// once.
struct segment {
  std::uint64_t first = 0;
  std::uint64_t next = 0; ///< One past its last position.
  std::uint64_t bytes = 0;
  std::uint64_t age = 0; ///< Rises with the time of writing, over all logs.
  bool in_memory = false;
};

/// Why intake must stop.
enum class refusal : std::uint8_t {
  none,
  quota, ///< options::max_bytes is reached.
  disk,  ///< The disk itself has no more than the reserve.
};

/// The room there is, in bytes.
struct room {
  refusal why = refusal::none;
  bool stuck = false;      ///< A write failed for want of room: none is done until there is some.
  std::uint64_t used = 0;  ///< By Weir.
  std::uint64_t limit = 0; ///< Where intake stops: max_bytes less what settling needs.
  std::uint64_t max_bytes = 0;
  std::uint64_t free = 0;    ///< On the disk.
  std::uint64_t reserve = 0; ///< What has to be free there.
  std::uint64_t excess = 0;  ///< What has to go so that intake will not have to stop soon.
  std::uint64_t over = 0;    ///< What has to go so that intake goes on.
};

/// One sentence: what is reached, how much is used, who holds it.
std::string describe(const room& found, const std::map<std::string, std::uint64_t>& usage);
/// What a client is told.
const char* short_reason(refusal why) noexcept;

/// What opening found out, for the log and the metrics.
struct recovery_report {
  bool fresh = false;            ///< There was no database.
  bool salvaged = false;         ///< Damage: moved to damaged/<time>, what could be read was kept.
  std::string damaged_directory; ///< Where it was moved.
  std::uint64_t entries_salvaged = 0;
  std::uint64_t blocks_salvaged = 0;
  std::uint64_t records_lost = 0; ///< Acknowledged, but not found again. 0 where nobody can know.
  std::string text;               ///< One sentence for a person.
};

/// The node's one RocksDB database: journal, progress, logs, cursors, decisions, dead letters,
/// meta. One thread at a time calls commit(); everything else may be called from any thread.
class store {
public:
  /// Opens or makes the database. Damage never makes this fail: what cannot be read is set aside
  /// and counted. Fails (errc::unavailable) when another process has the directory, naming its pid,
  /// with errc::unsupported when a newer Weir wrote it, with errc::io when the directory cannot be
  /// made or written.
  static result<std::unique_ptr<store>> open(const options& how);
  ~store();

  const recovery_report& recovery() const noexcept;

  /// The node's lasting id, and the epoch of this start.
  node_id node() const noexcept;
  weir::epoch epoch() const noexcept;

  /// The number of the pipeline `name` ("traces/main"): its old one, or the next. Durable on
  /// return.
  result<pipeline_id> pipeline(std::string_view name);
  std::map<pipeline_id, std::string> pipelines() const;
  /// Creates the column families of a log where they are missing.
  result<void> open_log(pipeline_id pipeline);

  /// Writes, and with `sync` (and options::fsync) fsyncs. On success `what` is empty; on failure it
  /// is unchanged, so that it can be tried again. errc::full: the disk is full, nothing is
  /// promised, try later. errc::unavailable: the disk does not keep up, the same.
  /// errc::invalid_argument: a log that was not opened. errc::fatal: the disk failed in another
  /// way; end the process. max_bytes does not make this fail (what is on its way must be settled):
  /// intake asks accepts_data() before it takes.
  result<void> commit(batch&& what, bool sync);

  // Reading: errc::not_found outside the bounds, errc::corrupt where the bytes are lost or damaged
  // (callers count it, go on, and may set_aside() what they have). Scans skip what is damaged and
  // count it in weir_storage_damaged_records_total.

  // -- journal --
  bounds journal() const;
  result<std::string> read_entry(journal_position position) const;
  /// Calls `each(position, entry bytes)` from `from` on, in order, until it returns false.
  result<void>
  scan_journal(journal_position from,
               const std::function<bool(journal_position, std::string_view)>& each) const;
  /// Forgets everything below: at once to readers, durably (head mark, then files) by maintain().
  result<void> trim_journal(journal_position below);
  /// Everything below is forgotten for good: no crash brings it back.
  journal_position journal_gone() const noexcept;

  // -- progress --
  /// What was trimmed may come back after a crash, until maintain() has run twice. Or it may be
  /// gone at once: trim only what belongs to entries below journal_gone().
  result<void>
  scan_progress(const std::function<bool(const entry_id&, std::string_view)>& each) const;
  result<void> trim_progress(node_id node, weir::epoch epoch, sequence below);

  // -- decisions --
  /// The numbers of a pipeline's chunks, rising.
  result<std::vector<std::uint64_t>> decision_chunks(pipeline_id pipeline) const;
  result<std::string> read_decisions(pipeline_id pipeline, std::uint64_t chunk) const;
  /// All of them, the newest first.
  result<void>
  scan_decisions(pipeline_id pipeline,
                 const std::function<bool(std::uint64_t chunk, std::string_view)>& each) const;
  result<void> trim_decisions(pipeline_id pipeline, std::uint64_t below);

  // -- log --
  bounds log(pipeline_id pipeline) const;
  result<std::string> read_block(pipeline_id pipeline, log_position position) const;
  /// The first block that holds data received at `from` or later, or log().next. Where a clock was
  /// set back by more than ten minutes, what was written before is older than what came after.
  result<log_position> find_time(pipeline_id pipeline, unix_ns from) const;
  result<void> trim_log(pipeline_id pipeline, log_position below);
  /// What is held, oldest first.
  std::vector<segment> log_segments(pipeline_id pipeline) const;
  /// By exporter. errc::io, errc::corrupt: they are there and cannot be read.
  result<std::map<std::string, cursor>> cursors(pipeline_id pipeline) const;

  // -- dead letters --
  bounds dead_letters(pipeline_id pipeline) const;
  result<std::string> read_dead_letter(pipeline_id pipeline, log_position position) const;
  result<void> trim_dead_letters(pipeline_id pipeline, log_position below);
  std::vector<segment> dead_letter_segments(pipeline_id pipeline) const;

  /// Nothing: there is none. errc::io, errc::corrupt: it may be there and cannot be read.
  result<std::optional<std::string>> meta(std::string_view key) const;

  /// Keeps bytes that turned out to be damaged for a person to look at: damaged/<kind>-<position>.
  void set_aside(std::string_view kind, std::uint64_t position, std::string_view bytes);

  /// Bytes that Weir has on the disk, by part ("journal", "log/<pipeline name>", "wal", ...), as
  /// maintain() last saw them. What stands in the write-ahead log alone yet counts where it will
  /// be.
  std::map<std::string, std::uint64_t> usage() const;

  /// False while intake must stop: the quota or the disk's reserve is reached.
  bool accepts_data() const noexcept;
  /// The same with its figures, as they were measured last.
  storage::room room() const;
  /// Another quota from now on. errc::invalid_argument: too small for the write buffers in use,
  /// which a restart makes smaller.
  result<void> set_max_bytes(std::uint64_t bytes);

  /// Why nothing can be made durable any more (errc::fatal), whoever found out; the process has to
  /// end. Nothing: the disk works, or is full.
  std::optional<error> failure() const;

  /// For a timer, once a second, on a thread that may block: writes the synced mark, measures
  /// usage, gives space back after trims, resumes after a full disk.
  void maintain();
  /// Only what follows a trim: makes it durable, frees the files, measures. The same thread.
  void give_back();

private:
  friend class salvage;
  store();
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace weir::storage
