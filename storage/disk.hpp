#pragma once

#include "core/error.hpp"
#include "storage/batch.hpp"

#include <functional>
#include <map>
#include <optional>

namespace weir::storage {

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

/// How far a clock may go back before the index of a log believes it.
inline constexpr unix_ns index_slack = 600'000'000'000;

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

/// One sentence: what is reached, how much is used, self holds it.
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

/// What the stages ask of a node's disk beside commits: they read what stands there and say what
/// may go. A store is one; tests have models. Any thread.
class disk {
public:
  virtual ~disk() = default;

  virtual const recovery_report& recovery() const noexcept = 0;

  /// The node's lasting id, and the epoch of this start.
  virtual node_id node() const noexcept = 0;
  virtual weir::epoch epoch() const noexcept = 0;
  virtual std::map<pipeline_id, std::string> pipelines() const = 0;

  // Reading: errc::not_found outside the bounds, errc::corrupt where the bytes are lost or damaged
  // (callers count it, go on, and may set_aside() what they have). Scans skip what is damaged and
  // count it in weir_storage_damaged_records_total.

  // -- journal --
  virtual bounds journal() const = 0;
  virtual result<std::string> read_entry(journal_position position) const = 0;
  /// Calls `each(position, entry bytes)` from `position` on, in order, until it returns false.
  virtual result<void>
  scan_journal(journal_position position,
               const std::function<bool(journal_position, std::string_view)>& each) const = 0;
  /// Forgets everything below: at once to readers, durably (head mark, then files) by maintain().
  virtual result<void> trim_journal(journal_position below) = 0;
  /// Everything below is forgotten for good: no crash brings it back.
  virtual journal_position journal_gone() const noexcept = 0;

  // -- progress --
  /// An owner's records, of entries of any node.
  virtual result<void>
  scan_progress(const std::function<bool(const entry_id&, std::string_view)>& each) const = 0;
  /// The origin's records, of its own entries.
  virtual result<void>
  scan_settled(const std::function<bool(const entry_id&, std::string_view)>& each) const = 0;
  /// Forgets the records of these entries, the owner's and the origin's. What was trimmed may come
  /// back after a crash, until maintain() has run twice. Or it may be gone at once: of this node's
  /// own entries, trim only those below journal_gone().
  virtual result<void> trim_progress(node_id node, weir::epoch epoch, sequence below) = 0;

  // -- decisions --
  /// The numbers of a pipeline's chunks, rising.
  virtual result<std::vector<std::uint64_t>> decision_chunks(pipeline_id pipeline) const = 0;
  virtual result<std::string> read_decisions(pipeline_id pipeline, std::uint64_t chunk) const = 0;
  virtual result<void> trim_decisions(pipeline_id pipeline, std::uint64_t below) = 0;

  // -- log --
  virtual bounds log(pipeline_id pipeline) const = 0;
  virtual result<std::string> read_block(pipeline_id pipeline, log_position position) const = 0;
  /// The first block that holds data received at `begin` or later, or log().next. Where a clock was
  /// set back by more than ten minutes, what was written before is older than what came after.
  virtual result<log_position> find_time(pipeline_id pipeline, unix_ns begin) const = 0;
  /// Calls `each(time, position)` for the blocks that are indexed at `begin` or later, by time and
  /// then by position, until it returns false. Seeks to the begin. A block is indexed at the latest
  /// receive time in it; while a clock was set back by at most index_slack, at that of the block
  /// before.
  virtual result<void> scan_times(pipeline_id pipeline, unix_ns begin,
                                  const std::function<bool(unix_ns, log_position)>& each) const = 0;
  virtual result<void> trim_log(pipeline_id pipeline, log_position below) = 0;
  /// What is held, oldest first.
  virtual std::vector<segment> log_segments(pipeline_id pipeline) const = 0;
  /// By exporter. errc::io, errc::corrupt: they are there and cannot be read.
  virtual result<std::map<std::string, log_place>> cursors(pipeline_id pipeline) const = 0;

  // -- dead letters --
  virtual bounds dead_letters(pipeline_id pipeline) const = 0;
  virtual result<std::string> read_dead_letter(pipeline_id pipeline,
                                               log_position position) const = 0;
  virtual result<void> trim_dead_letters(pipeline_id pipeline, log_position below) = 0;
  virtual std::vector<segment> dead_letter_segments(pipeline_id pipeline) const = 0;

  // -- spill: what memory is too short for, and another node can send again --
  /// Puts bytes away until drop_spilled(), at the longest until the end of the process: nothing is
  /// synced. Blocks as writing a file does, and waits for no commit. errc::full:
  /// options::max_spill_bytes is reached, or there is so little room() that intake would soon have
  /// to stop; errc::io: they could not be written; errc::fatal: failure(). None of these does harm
  /// to what else is on the disk.
  /// @returns their place, never 0
  virtual result<std::uint64_t> spill(std::string_view bytes) = 0;
  /// errc::not_found: nothing is held there. errc::corrupt: it is not what was written, counted.
  /// errc::io: it may be there and cannot be read.
  virtual result<std::string> read_spilled(std::uint64_t place) const = 0;
  /// Cheap. maintain() gives the space back, a file at a time: drop roughly in the order of spill().
  /// @pre what spill() gave, once; nobody reads it any more
  virtual void drop_spilled(std::uint64_t place) = 0;

  /// Nothing: there is none. errc::io, errc::corrupt: it may be there and cannot be read.
  virtual result<std::optional<std::string>> meta(std::string_view key) const = 0;

  /// Keeps bytes that turned out to be damaged for a person to look at: damaged/<kind>-<position>.
  virtual void set_aside(std::string_view kind, std::uint64_t position, std::string_view bytes) = 0;

  /// False while intake must stop: the quota or the disk's reserve is reached.
  virtual bool accepts_data() const noexcept = 0;
  /// The same with its figures, as they were measured last.
  virtual storage::room room() const = 0;
  /// Bytes that Weir has on the disk, by part ("journal", "log/<pipeline name>", "wal", ...), as
  /// maintain() last saw them. What stands in the write-ahead log alone yet counts where it will
  /// be.
  virtual std::map<std::string, std::uint64_t> usage() const = 0;

  /// Why nothing can be made durable any more (errc::fatal), whoever found out; the process has to
  /// end. Nothing: the disk works, or is full.
  virtual std::optional<error> failure() const = 0;

  /// For a timer, once a second, on a thread that may block: writes the synced mark, measures
  /// usage, gives space back after trims, resumes after a full disk.
  virtual void maintain() = 0;
  /// Only what follows a trim: makes it durable, frees the files, measures. The same thread.
  virtual void give_back() = 0;
};

} // namespace weir::storage
