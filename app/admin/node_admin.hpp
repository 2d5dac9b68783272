#pragma once

#include "app/admin/hand.hpp"
#include "app/config.hpp"
#include "net/admin/server.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>

namespace weir::app {

/// The admin API of a node: its hands (hands.hpp), and the port where they are served. Other members
/// ask it too, over the cluster port.
class node_admin final : public net::admin_source {
public:
  /// Serves where the configuration says. A taken port is an error where it was asked for; where the
  /// endpoint is the default, a warning, and nothing is served.
  static result<std::unique_ptr<node_admin>> start(const node_config& config);

  /// The node that is asked, and its cluster; null: none (starting or stopping). On return the one before
  /// is not called any more: whoever looks on for long is sent away, others are waited for. Any thread.
  void attach(actors::node* node, std::optional<cluster_access> access);

  /// The bound address; "": nothing is served.
  std::string endpoint() const;

  std::vector<net::admin_method> methods() const override;
  result<void> answer(const std::string& method, const std::string& request,
                      net::asker& whom) override;
  /// As net::question_handler.
  result<void> answer_member(const net::question& asked, net::asker& whom);

private:
  class visit;

  std::shared_mutex place_mutex_; ///< Whoever works on the place holds it.
  node_place place_;              ///< Guarded.
  std::mutex askers_mutex_;
  std::set<net::asker*> askers_;              ///< Guarded: of long hands that hold the place.
  bool changing_ = false;                     ///< Guarded: they go.
  std::unique_ptr<net::admin_server> server_; ///< Last: it calls into the rest.
};

} // namespace weir::app
