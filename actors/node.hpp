#pragma once

#include "actors/hands.hpp"
#include "backends/config.hpp"
#include "cluster/settings.hpp"
#include "cluster/view.hpp"
#include "editing/chain.hpp"
#include "net/link/inquiry.hpp"
#include "net/server/otlp_server.hpp"
#include "sampling/config.hpp"
#include "stages/connections.hpp"
#include "stages/defaults.hpp"
#include "stages/edit_limits.hpp"
#include "stages/replays.hpp"
#include "stages/sabotage.hpp"
#include "storage/store.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::actors {

/// One pipeline, as the stages need it.
struct node_pipeline {
  std::string name;
  weir::signal signal = weir::signal::traces;
  std::vector<std::uint32_t> receivers; ///< Indexes into node_plan::receivers.
  std::vector<std::uint32_t> exporters; ///< Indexes into node_plan::exporters.
  std::optional<sampling::tail_sampling_config> tail_sampling;
  std::optional<backends::batch_config> batch;
  /// What edits messages; null: nothing does.
  std::shared_ptr<const editing::chain> edits_before; ///< The journal (the log).
  std::shared_ptr<const editing::chain> edits_behind; ///< Sampling, on what was kept.
  std::string edits_text;                             ///< Differs where these do: a reload says so.
  std::vector<std::string> connectors = {};           ///< Ids of those among its exporters.
};

/// Everything a node is to run: checked, defaults filled in.
struct node_plan {
  storage::options storage;
  std::chrono::microseconds commit_interval = stages::defaults::commit_interval;
  std::uint64_t max_entry_bytes = stages::defaults::max_entry_bytes;
  std::uint64_t max_block_bytes = stages::defaults::max_block_bytes;
  std::chrono::milliseconds block_timeout = stages::defaults::block_timeout;
  std::chrono::milliseconds retention = stages::defaults::retention;
  std::chrono::milliseconds cursor_retention = stages::defaults::cursor_retention;
  std::uint64_t dead_letter_bytes = 0; ///< 0 = a tenth of storage.max_bytes
  std::chrono::milliseconds dead_letter_retention = stages::defaults::dead_letter_retention;
  std::chrono::milliseconds cursor_interval = stages::defaults::cursor_interval;
  bool drop_oldest = false;
  std::uint32_t max_replays = stages::defaults::max_replays;
  std::chrono::milliseconds keep_replays = stages::defaults::keep_replays;
  stages::selection_maker select; ///< What replays, and whoever reads logs, pick by.
  std::uint64_t window_memory = stages::defaults::window_memory;
  std::uint64_t decision_cache = stages::defaults::decision_cache;
  std::uint32_t samplers = 0;          ///< 0 = one for two cores
  std::uint64_t memory_limit = 0;      ///< Bytes in use above which clients are refused; 0 = none.
  std::uint64_t tail_bytes = 32 << 20; ///< Unpacked blocks kept for exporters that keep up, a log.
  std::uint32_t max_span_bytes = stages::defaults::max_span_bytes;
  std::uint32_t max_envelope_bytes = stages::defaults::max_envelope_bytes;
  std::uint64_t max_gathered_bytes = stages::defaults::max_gathered_bytes;
  net::server_limits limits;
  stages::edit_limits edits;
  std::vector<net::otlp_receiver_config> receivers;
  std::vector<backends::exporter_config> exporters;
  std::vector<node_pipeline> pipelines;
  std::vector<stages::connection> connections;
  std::optional<cluster::cluster_settings> cluster; ///< Absent: a single node.
  std::string release;                              ///< Of the program, for other members.
  stages::sabotage broken;
};

/// The node's supervisor: opens the store, starts the stages last first, stops them first first.
class node {
public:
  /// Returns when clients are served. What stood in the journal is read back behind that.
  static result<std::unique_ptr<node>> start(node_plan plan);

  /// Its lasting id.
  node_id id() const noexcept;

  /// Addresses that the OTLP ports are bound to.
  std::vector<std::string> endpoints() const;

  /// Whether clients are being served durably.
  bool ready() const noexcept;

  /// Why clients are told to retry; "" = they are served. Any thread.
  std::string refusal() const;

  // -- replays; any thread --
  /// Begins one; returns once it is durable. Errors as stages::replays::start(), errc::unavailable:
  /// the node stops, or did not answer in time (some seconds).
  result<stages::replay_view> start_replay(const stages::replay_order& order);
  /// Whether it could be begun.
  result<void> check_replay(const stages::replay_order& order);
  result<std::vector<stages::replay_view>> replays();
  enum class replay_change : std::uint8_t { pause, resume, cancel };
  result<stages::replay_view> change_replay(stages::replay_id replay, replay_change change);

  // -- the logs; any thread --
  /// Null: the node stops.
  std::shared_ptr<const storage::disk> disk() const;
  /// The pipelines whose logs can be read, as they are configured.
  std::vector<stages::replayed_pipeline> logs() const;
  /// As node_plan::select.
  stages::selection_maker selector() const;

  // -- the cluster; any thread --
  /// Why this node is not ready for clients, though it serves them: its place among others; "" = it
  /// is, or it is alone.
  std::string unready() const;
  /// Where links of others come in; "" = it is alone.
  std::string cluster_endpoint() const;
  /// nullopt: it is alone, or did not answer in time (some seconds).
  std::optional<cluster::cluster_view> cluster_view() const;
  /// Begins to leave the cluster: clients are refused, what is held goes to the others and to the
  /// back ends, then the others are told; cluster_view().leaving says how far that is. Where nobody
  /// else is there, what is not decided stays, and it does not end. errc::unsupported: it is alone.
  result<void> leave();
  /// Asks another member to do that. errc::unsupported: it cannot be asked from here, with the reason.
  result<void> ask_to_leave(node_id member);
  /// It has left: it may be stopped for good.
  bool left() const;
  /// Asks other members, at the addresses of their cluster ports. The answer may outlive the node.
  /// @pre it is not alone
  std::unique_ptr<net::inquiry> inquire(const std::vector<std::string>& addresses,
                                        net::question asked,
                                        std::optional<std::chrono::milliseconds> patience) const;
  /// Who answers questions of other members; it has to live until the node has stopped.
  void answer_members(net::question_handler handler);

  /// Goes over to another plan while it runs: policies, exporters, pipelines, retention, the quota.
  /// Listeners and connections stay, and so does the window: what it holds is decided by the new
  /// policies. An exporter that is new begins at its log's end; one that goes leaves its cursor.
  /// Returns what changed, a line each. An error: nothing was changed. May take as long as requests
  /// of exporters that go are under way, at most 10 s. One thread at a time. A disk that is really
  /// full refuses it.
  /// @pre `plan` has the same receivers and cluster and the same storage (but for its quota and what may stay),
  /// sampling and server settings; a pipeline
  /// that stays keeps its signal, and tail_sampling or its absence
  result<std::vector<std::string>> reload(node_plan plan);

  // -- hands; any thread, one at a time, and none while a reload is under way --
  // errc::not_found: no exporter is called so. errc::unavailable: not durable in time (some seconds).
  /// Those that are configured, and those that are not and are owed something still.
  std::vector<exporter_view> exporters() const;
  /// Sends nothing more until it is told to, over restarts too; or goes on. @returns how many
  result<std::uint64_t> pause_exporters(const exporter_filter& which, bool paused);
  /// What comes next is what `target` says. @returns by how many items the cursor went on; below 0:
  /// so many are sent once more
  result<std::int64_t> seek_exporter(const exporter_filter& which,
                                     const backends::start_config& target);
  /// What is owed to `old`, which is not configured any more, goes to `heir`. @returns how many items
  result<std::uint64_t> adopt_exporter(const std::string& pipeline, const std::string& old,
                                       const std::string& heir);
  /// Letters from `first` on, `most` at most.
  result<letter_list> dead_letters(const exporter_filter& which, log_position first,
                                   std::size_t most) const;
  result<codec::dead_letter_record> dead_letter(const std::string& pipeline,
                                                log_position position) const;
  /// They are sent once more, by those who gave them up or by `target`, and are dead letters until
  /// they are requests that are set aside: none is lost, none goes twice, whenever the process dies.
  /// @returns how many letters lie where they are looked for. errc::unavailable: some are under way
  result<std::uint64_t> send_dead_letters(const exporter_filter& which, const std::string& target);
  /// They are gone. @returns how many
  result<std::uint64_t> drop_dead_letters(const exporter_filter& which);

  /// Stops taking, finishes what is in flight, syncs. After `deadline` it gives up waiting: what is
  /// acknowledged is on disk either way.
  void stop(std::chrono::milliseconds deadline);

  ~node();

private:
  node();
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace weir::actors
