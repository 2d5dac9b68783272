#pragma once

#include "core/clock.hpp"
#include "core/exporter_board.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace weir::app {

/// `component_health`: which states of a component make the answer unhealthy, as the Collector's
/// healthcheckv2 has it.
struct component_health_config {
  bool include_permanent_errors = false;
  bool include_recoverable_errors = false; ///< Those that last longer than:
  std::chrono::milliseconds recovery_duration{std::chrono::minutes(5)};

  friend bool operator==(const component_health_config&, const component_health_config&) = default;
};

/// A pipeline as the status page shows it.
struct pipeline_components {
  std::string name;
  std::vector<std::string> receivers, exporters; ///< Ids.
};

/// What is known of a node at a moment.
struct node_health {
  enum class phase { starting, running, stopping };
  phase life = phase::starting;
  std::string refusal = {}; ///< Why clients are told to retry; "" = they are served.
  std::string unready = {}; ///< Why they should go to another node of the cluster; "" = no reason.
  unix_ns start = 0;
  std::vector<exporter_status> exporters = {};
};

/// What the page is asked for: `?pipeline=traces`, `?verbose`.
struct status_query {
  std::string pipeline = {};
  bool verbose = false;
};
status_query read_status_query(std::string_view query);

struct status_answer {
  unsigned code =
      200;          ///< 200, 404: no such pipeline, 500: unhealthy by the rules, 503: not serving.
  std::string body; ///< JSON as the Collector's healthcheckv2 writes it; "" with 404.
};

/// The page of version 2. A node that refuses data shows its receivers with a recoverable error and answers
/// 503; a back end that is away is a recoverable error of its exporter, one that refuses for good a permanent
/// one: both leave the answer 200, unless `rules` say otherwise.
status_answer status_page(const node_health& node,
                          const std::vector<pipeline_components>& pipelines,
                          const component_health_config& rules, const status_query& query,
                          unix_ns now);

/// `/ready` for a person and a load balancer: first line "ready" (200), "not ready", "not ready: why" or
/// "refusing: why" (503),
/// then a line for each exporter that is not well: Weir keeps what it owes, so they leave the node ready.
status_answer ready_page(const node_health& node, unix_ns now);

} // namespace weir::app
