#pragma once

#include "actors/node.hpp"
#include "cluster/view.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>

namespace weir::app {

/// How the cluster of a node is seen and left. Called from any thread; they do not wait long, and call
/// nothing of node_admin.
struct cluster_access {
  std::function<cluster::cluster_view()> view;
  /// Begins to take the member out. errc::unsupported, errc::unavailable: it cannot be told from here.
  std::function<result<void>(node_id)> leave;
};

/// What hands work on: the node, as far as it is there.
struct node_place {
  std::string name = {}; ///< What people call it; "" = its id.
  node_id id = 0;        ///< 0: not known yet.
  std::chrono::steady_clock::time_point born = std::chrono::steady_clock::now();
  bool was_running = false;
  actors::node* node = nullptr;               ///< Null: it starts or stops.
  std::optional<cluster_access> cluster = {}; ///< nullopt: a single node, or none yet.
};

} // namespace weir::app
