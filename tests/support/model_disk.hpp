#pragma once

#include "storage/disk.hpp"

#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace weir::test {

/// What stands on a node's disk, as a store would have it.
struct tables {
  std::map<journal_position, shared_bytes> entries;
  std::set<journal_position> erased;
  storage::bounds journal;
  std::map<entry_id, std::string> progress;
  std::map<entry_id, std::string> settled;
  std::map<std::pair<pipeline_id, std::uint64_t>, std::string> decisions;
  std::map<std::pair<pipeline_id, log_position>, shared_bytes> blocks;
  std::map<pipeline_id, storage::bounds> logs;
  std::map<pipeline_id, std::map<std::string, log_place>> cursors;
  std::map<std::pair<pipeline_id, log_position>, std::string> letters;
  std::map<pipeline_id, storage::bounds> letter_logs;
  std::map<std::string, std::string> meta;

  void apply(const storage::operation& record);
};

/// Hears of what becomes durable and of what goes for good. This one looks at nothing.
class disk_witness {
public:
  virtual ~disk_witness() = default;
  virtual void became_durable(const storage::operation&) {}
  /// The journal below this position is gone for good.
  virtual void journal_goes(const tables&, journal_position) {}
  virtual void progress_goes(const tables&, node_id, weir::epoch, sequence) {}
};

/// A disk that promises what a store promises and not a bit more: what was not synced may be lost
/// from the end, what was trimmed may come back until maintain() has run, reads may be refused. It
/// has one log, and one record a segment.
class model_disk final : public storage::disk {
public:
  model_disk(std::uint64_t seed, disk_witness& witness, node_id node = 1);
  model_disk();

  /// A commit: all of it is there at once, durable with `sync`, and everything before with it.
  void commit(const storage::batch& batch, bool sync);
  /// The power goes and comes back: a part of what was not synced is lost.
  void crash();
  /// Breaks a promise: the epoch after a crash is the one from before.
  void keep_epoch() { keeps_epoch_ = true; }
  /// One read in so many is refused; 0: none is.
  void refuse_reads(unsigned one_in) { refused_ = one_in; }
  /// The next read but `others` is refused, and no other.
  void refuse_one_read(unsigned others = 0) { until_refused_ = others + 1; }
  std::uint64_t refused_reads() const noexcept { return refused_reads_; }
  /// Cursors and records of the family meta cannot be read.
  void refuse_meta(bool refused) { meta_refused_ = refused; }

  /// One bit turns.
  void damage_entry(journal_position position);
  void damage_block(log_position position);
  /// Reading it says errc::corrupt from now on.
  void lose_letter(log_position position) { lost_letters_.insert(position); }
  /// What was set aside: its kind and its position.
  const std::vector<std::pair<std::string, std::uint64_t>>& set_aside() const noexcept {
    return set_aside_;
  }

  /// Data is accepted below `bytes`, of which an eighth should be free.
  void set_quota(std::uint64_t bytes);
  /// The disk itself is full, or is so no longer.
  void set_full(bool full);
  /// So much may be spilled.
  void set_max_spill(std::uint64_t bytes) { max_spill_ = bytes; }
  /// What is spilled and was not dropped.
  std::size_t spilled() const noexcept { return spilled_.size(); }
  /// Nothing can be made durable any more.
  void break_down(error why) { failure_ = std::move(why); }

  const tables& durable() const noexcept { return durable_; }

  const storage::recovery_report& recovery() const noexcept override { return recovery_; }
  node_id node() const noexcept override { return node_; }
  weir::epoch epoch() const noexcept override { return epoch_; }
  std::map<pipeline_id, std::string> pipelines() const override { return {{1, "traces"}}; }

  storage::bounds journal() const override { return now_.journal; }
  result<std::string> read_entry(journal_position position) const override;
  result<void>
  scan_journal(journal_position position,
               const std::function<bool(journal_position, std::string_view)>& each) const override;
  result<void> trim_journal(journal_position below) override;
  journal_position journal_gone() const noexcept override { return durable_.journal.first; }

  result<void>
  scan_progress(const std::function<bool(const entry_id&, std::string_view)>& each) const override;
  result<void>
  scan_settled(const std::function<bool(const entry_id&, std::string_view)>& each) const override;
  result<void> trim_progress(node_id node, weir::epoch epoch, sequence below) override;

  result<std::vector<std::uint64_t>> decision_chunks(pipeline_id pipeline) const override;
  result<std::string> read_decisions(pipeline_id pipeline, std::uint64_t chunk) const override;
  result<void> trim_decisions(pipeline_id pipeline, std::uint64_t below) override;

  storage::bounds log(pipeline_id pipeline) const override;
  result<std::string> read_block(pipeline_id pipeline, log_position position) const override;
  result<log_position> find_time(pipeline_id pipeline, unix_ns begin) const override;
  result<void> scan_times(pipeline_id pipeline, unix_ns begin,
                          const std::function<bool(unix_ns, log_position)>& each) const override;
  result<void> trim_log(pipeline_id pipeline, log_position below) override;
  std::vector<storage::segment> log_segments(pipeline_id pipeline) const override;
  result<std::map<std::string, log_place>> cursors(pipeline_id pipeline) const override;

  storage::bounds dead_letters(pipeline_id pipeline) const override;
  result<std::string> read_dead_letter(pipeline_id pipeline, log_position position) const override;
  result<void> trim_dead_letters(pipeline_id pipeline, log_position below) override;
  std::vector<storage::segment> dead_letter_segments(pipeline_id pipeline) const override;

  result<std::uint64_t> spill(std::string_view bytes) override;
  result<std::string> read_spilled(std::uint64_t place) const override;
  void drop_spilled(std::uint64_t place) override { spilled_.erase(place); }

  result<std::optional<std::string>> meta(std::string_view key) const override;
  void set_aside(std::string_view kind, std::uint64_t position, std::string_view) override {
    set_aside_.emplace_back(kind, position);
  }
  bool accepts_data() const noexcept override { return room_.why == storage::refusal::none; }
  storage::room room() const override { return room_; }
  std::map<std::string, std::uint64_t> usage() const override { return usage_; }
  std::optional<error> failure() const override { return failure_; }
  void maintain() override;
  void give_back() override { maintain(); }

private:
  using records = std::map<entry_id, std::string>;

  result<void>
  scan_by_entry(const records& all,
                const std::function<bool(const entry_id&, std::string_view)>& each) const;
  void sync();
  bool refuses() const;
  void measure();
  void give_letters_back();

  mutable std::mt19937_64 random_;
  disk_witness& witness_;
  const node_id node_;
  unsigned refused_ = 0;
  mutable unsigned until_refused_ = 0; ///< Reads, with the one that is; 0: none is.
  mutable std::uint64_t refused_reads_ = 0;
  bool meta_refused_ = false;
  std::set<log_position> lost_letters_;
  std::vector<std::pair<std::string, std::uint64_t>> set_aside_;
  std::uint64_t quota_ = std::uint64_t{1} << 40;
  bool full_ = false;
  std::uint64_t max_spill_ = std::uint64_t{1} << 40;
  std::map<std::uint64_t, std::string> spilled_; ///< By place.
  std::uint64_t next_spilled_ = 1;
  storage::room room_;
  std::map<std::string, std::uint64_t> usage_;
  std::optional<error> failure_;
  weir::epoch epoch_ = 1;
  storage::recovery_report recovery_;
  tables now_;     ///< What readers see.
  tables durable_; ///< What a crash leaves, but for `unsynced_`.
  std::vector<std::vector<storage::operation>> unsynced_; ///< Commits, in order.
  // Trimmed, and still to go from what a crash leaves.
  std::vector<std::pair<entry_id, entry_id>> trimmed_records_;
  std::vector<std::pair<pipeline_id, std::uint64_t>> trimmed_decisions_;
  bool keeps_epoch_ = false;
};

} // namespace weir::test
