#pragma once

#include "app/health_status.hpp"
#include "backends/config.hpp"
#include "cluster/settings.hpp"
#include "core/log.hpp"
#include "core/signal.hpp"
#include "editing/chain.hpp"
#include "net/admin/config.hpp"
#include "net/config.hpp"
#include "sampling/config.hpp"
#include "stages/connections.hpp"
#include "stages/defaults.hpp"
#include "storage/store.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What a node is told to do: the configuration file, decoded, checked, defaults filled in. Made by
// app/config/load.hpp, used by app/process.cpp.
namespace weir::app {

using std::chrono::microseconds;
using std::chrono::milliseconds;

/// `storage.journal`
struct journal_config {
  microseconds commit_interval = stages::defaults::commit_interval;
  std::uint64_t max_entry_bytes =
      stages::defaults::max_entry_bytes; ///< Unpacked bytes that one entry gathers.
};

/// `storage.log`: what makes a block full.
struct block_config {
  std::uint64_t max_bytes = stages::defaults::max_block_bytes; ///< Unpacked.
  milliseconds timeout = stages::defaults::block_timeout;
};

/// `storage.dead_letters`
struct dead_letter_limits {
  std::uint64_t max_bytes = 0; ///< 0 = a tenth of storage.max_bytes
  milliseconds retention = stages::defaults::dead_letter_retention;
};

/// `storage.replays`
struct replay_limits {
  std::uint32_t max = stages::defaults::max_replays;  ///< That run or are paused.
  milliseconds keep = stages::defaults::keep_replays; ///< Ended ones are shown so long.
};

/// `storage.overflow`: what happens when `storage.max_bytes` is reached.
enum class overflow_policy : std::uint8_t {
  refuse,      ///< Clients are told to retry.
  drop_oldest, ///< The oldest undelivered blocks go, counted by pipeline.
};

/// `storage`
struct storage_config {
  storage::options database;
  overflow_policy overflow = overflow_policy::refuse;
  milliseconds retention = stages::defaults::retention; ///< Delivered blocks stay this long.
  /// What is owed to exporters that are gone, and their places.
  milliseconds cursor_retention = stages::defaults::cursor_retention;
  dead_letter_limits dead_letters;
  replay_limits replays;
  milliseconds cursor_interval =
      stages::defaults::cursor_interval; ///< At most this long until a cursor is on disk.
  journal_config journal;
  block_config log;
};

/// `sampling`
struct sampling_limits {
  std::uint64_t window_memory = stages::defaults::window_memory;
  std::uint64_t decision_cache =
      stages::defaults::decision_cache; ///< Decisions remembered, all pipelines together.
  std::uint32_t samplers = 0;           ///< Sampler actors; 0 = one for two cores.
};

/// The memory_limiter processor: admission by the process's memory.
struct memory_limiter_config {
  milliseconds check_interval{0};
  std::uint64_t limit_bytes = 0;       ///< 0 = not given
  std::uint64_t spike_limit_bytes = 0; ///< 0 = a fifth of the limit
  std::uint64_t limit_percentage = 0;  ///< Of the machine's or the cgroup's memory; 0 = not given.
  std::uint64_t spike_limit_percentage = 0;
};

/// One entry of `service.pipelines`.
struct pipeline_config {
  std::string name; ///< "traces" or "traces/main"
  weir::signal signal = weir::signal::traces;
  std::vector<std::string> receivers;                 ///< Ids; each is in node_config::receivers.
  std::vector<std::string> exporters;                 ///< Ids; each is in node_config::exporters.
  std::vector<std::string> connectors_before;         ///< Ids; they bring data of other pipelines,
  std::vector<std::string> connectors_behind;         ///< or take this one's to others.
  std::vector<memory_limiter_config> memory_limiters; ///< The lowest limit holds.
  std::optional<sampling::tail_sampling_config>
      tail_sampling;            ///< Absent: intake writes to the log.
  std::string tail_sampling_id; ///< Of the processor; of several, the first.
  std::optional<backends::batch_config>
      batch; ///< The `batch` processor: shapes all its exporters' requests.
  /// What edits messages, in its order: before anything is written, and behind tail_sampling.
  std::vector<editing::chain::part> edits_before, edits_behind;
  std::string edits_text; ///< All of these and their options, as YAML.
};

/// `service.telemetry`
struct telemetry_config {
  log::config logs;
  std::vector<std::string> metrics_endpoints; ///< The page is on each; none: off.
};

/// The health_check extension.
struct health_check_config {
  std::string id = {}; ///< Of the extension: "health_check/name"
  std::string endpoint = "localhost:13133";
  std::string path = "/";     ///< "" = no such page
  std::string status_path;    ///< The page of version 2, with a status by pipeline; "" = none
  std::string healthy_body;   ///< `response_body.healthy`; "" = the Collector's JSON
  std::string unhealthy_body; ///< `response_body.unhealthy`
  std::optional<net::tls_server_config> tls = {};
  std::string authenticator = {};    ///< `auth.authenticator`: the id of the extension ...
  net::server_auth_config auth = {}; ///< ... and what it says.
  std::map<std::string, std::string> response_headers = {};
  component_health_config components = {}; ///< Of version 2.

  friend bool operator==(const health_check_config&, const health_check_config&) = default;
};

/// `service.limits`
struct limits_config {
  net::server_limits server; ///< Shared by all listeners.
  std::uint64_t max_span_bytes =
      stages::defaults::max_span_bytes; ///< Larger spans are rejected by partial success.
  /// CPU time of processors, a request; 0: no end.
  milliseconds max_edit_time = stages::defaults::max_edit_time;
  std::uint32_t edit_threads = 0; ///< Requests edited at once; 0: one a core.
  /// So is what lies in larger resources, scopes, metrics.
  std::uint64_t max_envelope_bytes = stages::defaults::max_envelope_bytes;
  /// Gathered for a commit, unpacked; beyond, requests wait for the commit before.
  std::uint64_t max_gathered_bytes = stages::defaults::max_gathered_bytes;
};

/// `admin`
struct admin_config {
  bool enabled = true;
  net::admin_config server = {};
  /// The endpoint stands in the file: one that is taken is an error then.
  bool endpoint_given = false;
};

/// Everything, by default a node that does nothing.
struct node_config {
  /// Where it was read from, as `weir reload` compares it (app/reload_command.hpp).
  std::vector<std::string> sources;
  storage_config storage;
  sampling_limits sampling;
  limits_config limits;
  milliseconds shutdown_timeout{std::chrono::seconds(30)};
  telemetry_config telemetry;
  std::vector<health_check_config> health_checks;   ///< Those in `service.extensions`.
  std::optional<cluster::cluster_settings> cluster; ///< Absent: a single node.
  admin_config admin;
  std::vector<net::otlp_receiver_config> receivers; ///< Those that pipelines use.
  std::vector<backends::exporter_config> exporters; ///< Those that pipelines use.
  std::vector<pipeline_config> pipelines;
  std::vector<stages::connection> connections; ///< The connectors that stand between these.
};

} // namespace weir::app
