#pragma once

#include "cluster/view.hpp"
#include "core/exporter_board.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What `weir status` shows, as values: made in a node, carried by the admin API, rendered where it
// was asked for.
namespace weir::app {

/// An exporter on the log of a pipeline.
struct log_status {
  std::string pipeline, exporter;
  exporter_health health = exporter_health::sending;
  std::string reason = {};           ///< The back end's last words.
  double health_seconds = 0;         ///< In this health for so long.
  std::uint64_t waiting_items = 0;   ///< Not delivered yet.
  double oldest_waiting_seconds = 0; ///< 0: nothing waits.

  friend bool operator==(const log_status&, const log_status&) = default;
};

/// The traces that are not decided yet.
struct window_status {
  std::uint64_t traces = 0;
  std::uint64_t spans = 0;
  std::uint64_t bytes = 0;       ///< Memory in use.
  std::uint64_t limit_bytes = 0; ///< `sampling.window_memory`
  double oldest_seconds = 0;

  friend bool operator==(const window_status&, const window_status&) = default;
};

/// What is on the disk.
struct disk_status {
  std::uint64_t open_entries = 0; ///< Of the journal: not settled yet.
  std::uint64_t open_slots = 0;
  std::uint64_t orphaned_spans = 0; ///< Of pipelines that are not configured any more.
  std::uint64_t used_bytes = 0;
  std::uint64_t limit_bytes = 0; ///< Clients are refused above it.
  std::uint64_t free_bytes = 0;  ///< Of the disk itself.
  std::uint64_t damaged_records = 0;
  std::uint64_t dead_letters = 0; ///< Requests that back ends refused for good.

  friend bool operator==(const disk_status&, const disk_status&) = default;
};

/// One node, by itself.
/// Traces that did not come together on one node, since the process began: a cut of the network, or
/// an owner's death, does that.
struct split_status {
  std::uint64_t double_decisions = 0; ///< Traces that another member has decided the other way.
  std::uint64_t insisted_slots = 0;   ///< Taken though they were another member's.

  friend bool operator==(const split_status&, const split_status&) = default;
};

struct node_status {
  std::string id;   ///< 16 hexadecimal digits.
  std::string name; ///< What people call it; "" = its id.
  std::string release;
  double uptime_seconds = 0;
  std::string phase = "starting"; ///< starting, running, stopping
  std::string refusal = {};       ///< Why clients are told to retry; "" = they are served.
  window_status window = {};
  disk_status disk = {};
  split_status split = {};           ///< For its troubles alone.
  std::vector<log_status> logs = {}; ///< By pipeline and exporter.

  friend bool operator==(const node_status&, const node_status&) = default;
};

/// Something that is wrong, in words.
struct trouble {
  std::string problem;
  std::string advice; ///< What to do about it.

  friend bool operator==(const trouble&, const trouble&) = default;
};

/// A node and its cluster as it sees it.
struct whole_status {
  node_status node;
  std::optional<cluster::cluster_view> cluster = {}; ///< nullopt: a single node.
  std::vector<trouble> troubles = {};                ///< The worst first.
};

/// What people call a member: its name, or its id.
std::string name_of(const cluster::member& member);

/// An id as people see it: 16 hexadecimal digits.
std::string text_of_node(node_id id);
/// nullopt: it is none.
std::optional<node_id> node_in(const std::string& text);

} // namespace weir::app
