#pragma once

#include "cluster/progress.hpp"
#include "cluster/settling.hpp"
#include "codec/block.hpp"
#include "codec/compression.hpp"
#include "codec/traces_block.hpp"
#include "stages/copies.hpp"
#include "stages/defaults.hpp"
#include "stages/kept_editor.hpp"
#include "stages/ledger.hpp"
#include "stages/log_tail.hpp"
#include "stages/messages.hpp"
#include "stages/sabotage.hpp"
#include "storage/disk.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <optional>

namespace weir::stages {

struct compressor_config {
  pipeline_id pipeline = 0;
  std::string name;
  std::size_t max_block_bytes = defaults::max_block_bytes; ///< Unpacked.
  std::chrono::milliseconds timeout = defaults::block_timeout;
  std::uint64_t decision_cache = defaults::decision_cache; ///< Decisions worth keeping on disk.
  std::size_t shards = 1;                                  ///< That decide.
  std::shared_ptr<const editing::chain> edits = nullptr;   ///< Of what was kept; null: none.
  std::chrono::nanoseconds edit_time = defaults::max_edit_time; ///< CPU time of edits; 0: no end.
  /// Of entries of a node that is away: nobody knows what is settled of them after so long.
  std::chrono::milliseconds progress_retention = std::chrono::hours(7 * 24);
  sabotage broken;
};

/// Where what a compressor says goes.
class compressor_ports : public copies_ports {
public:
  /// Answered by compressor::written(), in the order of the calls.
  virtual void write(const commit_ptr& work) = 0;
  /// What the shard decided under this ticket is durable.
  virtual void send_durable(std::uint32_t shard, pipeline_id pipeline, std::uint64_t ticket) = 0;
  /// compressor::on_timeout() is to be called, after so long.
  virtual void time_out_after(steady_ns pause) = 0;
  /// compressor::show_blocks() is to be called, after so long.
  virtual void show_after(steady_ns pause) = 0;
  /// What another node handed over is durable: inbox::taken_over().
  virtual void send_taken_over(const handed_ticket& handed) = 0;
};

/// Turns what the shards decided for one pipeline into blocks, decisions and progress of the slots
/// that this settles, in one commit: all of it is durable, or none.
///
/// Owns the end of the pipeline's log and the progress of its entries. At most four commits are in
/// flight; shards hold back by what is not durable yet. What it gathers at its death was reported
/// to nobody, and is sent again.
///
/// Pure; one thread. `now` comes with each message.
class compressor {
public:
  static inline const char* name = "compressor";

  compressor(compressor_config config, std::shared_ptr<storage::disk> disk,
             std::shared_ptr<log_tail> tail, compressor_ports& ports);

  void take(decided& message, moment now);
  /// From the origin, before any entry.
  void load(const recovered_progress& records);
  /// From the origin: forgotten below this mark.
  void forget(const cluster::low_water& mark);
  void on_timeout();
  void written(moment now);

  // -- the cluster (compressor_copies.cpp) --
  /// From a shard: all that it decided by earlier rings is here.
  void ring_passed(std::uint32_t shard, const ring_ptr& ring);
  /// From a shard: decisions for another node.
  void hand_over(const handed_ptr& message);
  /// Others know all that was decided here.
  bool copied() const noexcept { return copies_.idle(); }
  /// Another node has what was handed over.
  void handed_taken(node_id target, std::uint64_t ticket, moment now);
  void link_up(node_id target) { copies_.link_up(target); }
  /// What another owner has decided and settled. Answered once that is durable, with the shards'
  /// parts of it (decided::taken_over), which come behind this.
  void take_over(const taken_over& message);
  /// Blocks become visible that have waited long enough for a standby.
  void show_blocks(moment now);

  /// Other processors behind sampling.
  void change(const compressor_config& wanted);
  /// Nothing more waits for company.
  void stop();
  /// Everything taken is durable. @pre stop()
  bool idle() const noexcept { return in_flight_.empty() && !gathered_.any; }

private:
  /// What waits for the next commit, and who wants to know of it.
  struct unwritten {
    storage::batch batch;
    std::vector<log_block> blocks;
    std::vector<std::pair<std::uint32_t, std::uint64_t>> tickets; ///< Shard and ticket.
    std::vector<entry_id> touched;
    commit_copies copied;
    std::vector<handed_ticket> taken_over; ///< As often as parts of it are here.
    ring_ptr ring;            ///< With it all is durable that was decided by earlier ones.
    progress_ptr handed_over; ///< Then: what is settled.
    bool any = false;
  };
  /// Blocks that are durable, and not visible before the standbys have their decisions.
  struct hidden_blocks {
    std::vector<log_block> blocks;
    std::set<std::uint64_t> tickets;
    steady_ns since = 0;
  };

  void settle(decided& message);
  void count(const decided& message);
  void leave_out(decided& message, const std::vector<bool>& settled);
  void remember(const decided& message);
  void note_times(const sampling::kept_spans& kept);
  std::size_t append(const sampling::kept_spans& kept, std::size_t first, moment now);
  void close_block();
  void flush();
  void report(const unwritten& done);
  void send_copies(unwritten& done, moment now);
  void answer_others(const unwritten& done);
  void forget_absent(moment now);
  void flush_soon();
  progress_ptr progress_to_hand_over() const;
  void show(std::vector<log_block>& blocks);
  void trim_decisions(std::uint64_t chunk, std::size_t decisions);

  compressor_config config_;
  std::shared_ptr<storage::disk> disk_;
  std::shared_ptr<log_tail> tail_;
  compressor_ports& ports_;
  cluster::progress progress_;
  ledger_page ledger_;
  log_position next_block_ = 0;
  codec::traces_block_builder builder_;
  std::optional<kept_editor> editor_;
  unix_ns first_received_ = 0;
  unix_ns last_received_ = 0;
  unwritten gathered_;
  std::deque<unwritten> in_flight_; ///< Oldest first.
  copies copies_;
  std::deque<hidden_blocks> hidden_;                ///< Oldest first.
  std::map<handed_ticket, std::size_t> unanswered_; ///< Parts that are not durable.
  std::map<node_id, steady_ns> absent_; ///< Nodes with progress here, and since when they are away.
  steady_ns looks_for_absent_ = 0;      ///< No sooner.
  bool timer_set_ = false;
  bool flush_due_ = false;
  bool stopping_ = false;
  codec::packer packer_;
  std::map<std::uint64_t, std::size_t> chunks_; ///< Written since the start, and their decisions.
  /// The newest of them, as long as it is small: the next small ones join it.
  std::uint64_t open_chunk_ = 0;
  std::string open_decisions_;
  std::uint64_t decisions_written_ = 0;
};

} // namespace weir::stages
