#pragma once

#include "actors/node.hpp"
#include "app/admin/node_status.hpp"
#include "app/config.hpp"
#include "net/admin/server.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace weir::app {

/// How the cluster of a node is seen and left. Called from any thread, one at a time; they do not wait
/// long, and call nothing of node_admin.
struct cluster_access {
  std::function<cluster::cluster_view()> view;
  /// Begins to take the member out. errc::unsupported, errc::unavailable: it cannot be told from here.
  std::function<result<void>(node_id)> leave;
};

/// The admin API of a node: what it says, and the port where it is served.
class node_admin final : public net::admin_source {
public:
  /// Serves where the configuration says. A taken port is an error where it was asked for; where the
  /// endpoint is the default, a warning, and nothing is served.
  static result<std::unique_ptr<node_admin>> start(const node_config& config);

  /// The node that is told about; null: none (starting or stopping). Any thread.
  void attach(const actors::node* node);
  /// Its cluster; nullopt: a single node, or none yet. On return the one before is not called any
  /// more. Any thread.
  void set_cluster(std::optional<cluster_access> access);

  /// The bound address; "": nothing is served.
  std::string endpoint() const;

  admin::v1::StatusResponse status() override;
  std::optional<admin::v1::Cluster> cluster() override;
  result<std::string> leave(const std::string& node) override;

private:
  whole_status look();
  std::optional<cluster::cluster_view> view();

  std::string name_;
  std::chrono::steady_clock::time_point born_ = std::chrono::steady_clock::now();
  std::mutex mutex_;
  const actors::node* node_ = nullptr; ///< Guarded, as what follows.
  bool was_running_ = false;
  node_id id_ = 0; ///< 0: not known yet.
  std::optional<cluster_access> access_;
  std::unique_ptr<net::admin_server> server_; ///< Last: it calls into the rest.
};

/// The member that is meant by a name or an id; "" = the one that is asked. errc::not_found;
/// errc::invalid_argument: several have that name. Pure.
result<node_id> find_member(const cluster::cluster_view& view, const std::string& node);

} // namespace weir::app
