#pragma once

#include "actors/node.hpp"
#include "app/config.hpp"
#include "net/server/admin_http.hpp"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir::app {

/// What a node shows over HTTP: health (the health_check extension's path, /live, /ready) and
/// metrics
/// (/metrics on service.telemetry's address).
class pages {
public:
  /// Binds the configured ports; until attach() the node is alive and not ready.
  static result<std::unique_ptr<pages>> start(const node_config& config);

  /// The node whose readiness is shown; null: none (starting or stopping). Any thread.
  void attach(const actors::node* node);

  /// The pipelines that the status page knows. Any thread.
  void set_pipelines(const node_config& config);

private:
  result<void> serve(const std::string& title, const std::string& endpoint,
                     std::map<std::string, net::admin_http::page> by_path,
                     const net::admin_http_options& options = {});
  result<void> serve_health(const health_check_config& config);
  net::admin_http::answer health(const health_check_config& config) const;
  net::admin_http::answer status(const component_health_config& rules,
                                 std::string_view query) const;
  net::admin_http::answer ready() const;
  node_health look() const;

  std::atomic<const actors::node*> node_{nullptr};
  std::atomic<bool> was_ready_{false};
  mutable std::mutex mutex_;
  std::vector<pipeline_components> pipelines_; ///< Under mutex_.
  std::chrono::system_clock::time_point up_since_ = std::chrono::system_clock::now();
  std::chrono::steady_clock::time_point born_ = std::chrono::steady_clock::now();
  std::vector<std::unique_ptr<net::admin_http>> servers_; ///< Last: they call into the rest.
};

} // namespace weir::app
