#pragma once

#include "storage/disk.hpp"

#include <memory>

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
  /// Of what is spilled; it counts in max_bytes. 0: a quarter of max_bytes.
  std::uint64_t max_spill_bytes = 0;
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

/// The node's one RocksDB database: journal, progress, logs, cursors, decisions, dead letters,
/// meta. One thread at a time calls commit(), one maintain() and give_back(); everything else may
/// be called from any thread.
class store final : public disk {
public:
  /// Opens or makes the database. Damage never makes this fail: what cannot be read is set aside
  /// and counted. Fails (errc::unavailable) when another process has the directory, naming its pid,
  /// with errc::unsupported when a newer Weir wrote it, with errc::io when the directory cannot be
  /// made or written.
  static result<std::unique_ptr<store>> open(const options& options);
  ~store() override;

  const recovery_report& recovery() const noexcept override;

  node_id node() const noexcept override;
  weir::epoch epoch() const noexcept override;

  /// The number of the pipeline `name` ("traces/main"): its old one, or the next. Durable on
  /// return.
  result<pipeline_id> pipeline(std::string_view name);
  std::map<pipeline_id, std::string> pipelines() const override;
  /// Creates the column families of a log where they are missing.
  result<void> open_log(pipeline_id pipeline);

  /// Writes, and with `sync` (and options::fsync) fsyncs. On success `batch` is empty; on failure it
  /// is unchanged, so that it can be tried again. errc::full: the disk is full, nothing is
  /// promised, try later. errc::unavailable: the disk does not keep up, the same.
  /// errc::invalid_argument: a log that was not opened. errc::fatal: the disk failed in another
  /// way; end the process. max_bytes does not make this fail (what is on its way must be settled):
  /// intake asks accepts_data() before it takes.
  result<void> commit(batch&& batch, bool sync);

  bounds journal() const override;
  result<std::string> read_entry(journal_position position) const override;
  result<void>
  scan_journal(journal_position position,
               const std::function<bool(journal_position, std::string_view)>& each) const override;
  result<void> trim_journal(journal_position below) override;
  journal_position journal_gone() const noexcept override;

  result<void>
  scan_progress(const std::function<bool(const entry_id&, std::string_view)>& each) const override;
  result<void>
  scan_settled(const std::function<bool(const entry_id&, std::string_view)>& each) const override;
  result<void> trim_progress(node_id node, weir::epoch epoch, sequence below) override;

  result<std::vector<std::uint64_t>> decision_chunks(pipeline_id pipeline) const override;
  result<std::string> read_decisions(pipeline_id pipeline, std::uint64_t chunk) const override;
  /// All of them, the newest first.
  result<void>
  scan_decisions(pipeline_id pipeline,
                 const std::function<bool(std::uint64_t chunk, std::string_view)>& each) const;
  result<void> trim_decisions(pipeline_id pipeline, std::uint64_t below) override;

  bounds log(pipeline_id pipeline) const override;
  result<std::string> read_block(pipeline_id pipeline, log_position position) const override;
  result<log_position> find_time(pipeline_id pipeline, unix_ns begin) const override;
  result<void> scan_times(pipeline_id pipeline, unix_ns begin,
                          const std::function<bool(unix_ns, log_position)>& each) const override;
  result<void> trim_log(pipeline_id pipeline, log_position below) override;
  std::vector<segment> log_segments(pipeline_id pipeline) const override;
  result<std::map<std::string, log_place>> cursors(pipeline_id pipeline) const override;

  bounds dead_letters(pipeline_id pipeline) const override;
  result<std::string> read_dead_letter(pipeline_id pipeline, log_position position) const override;
  result<void> trim_dead_letters(pipeline_id pipeline, log_position below) override;
  std::vector<segment> dead_letter_segments(pipeline_id pipeline) const override;

  result<std::uint64_t> spill(std::string_view bytes) override;
  result<std::string> read_spilled(std::uint64_t place) const override;
  void drop_spilled(std::uint64_t place) override;

  result<std::optional<std::string>> meta(std::string_view key) const override;

  void set_aside(std::string_view kind, std::uint64_t position, std::string_view bytes) override;

  bool accepts_data() const noexcept override;
  storage::room room() const override;
  std::map<std::string, std::uint64_t> usage() const override;
  /// Another quota from now on. errc::invalid_argument: too small for the write buffers in use,
  /// which a restart makes smaller.
  result<void> set_max_bytes(std::uint64_t bytes);

  std::optional<error> failure() const override;
  void maintain() override;
  void give_back() override;

private:
  friend class salvage;
  store();
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace weir::storage
