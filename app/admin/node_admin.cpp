#include "app/admin/node_admin.hpp"

#include "app/admin/messages.hpp"
#include "app/admin/node_look.hpp"
#include "app/admin/troubles.hpp"
#include "app/version.hpp"
#include "core/log.hpp"
#include "core/metric_values.hpp"

#include <fmt/format.h>

namespace weir::app {

result<std::unique_ptr<node_admin>> node_admin::start(const node_config& config) {
  auto made = std::make_unique<node_admin>();
  if (config.cluster)
    made->name_ = config.cluster->node;
  const auto& admin = config.admin;
  if (!admin.enabled)
    return made;
  auto server = net::admin_server::start(admin.server, *made);
  if (!server && (admin.endpoint_given || server.error().code != errc::unavailable))
    return fail(server.error().code, "admin: " + server.error().message);
  if (!server) {
    log::warn("admin: {}; `weir status` will not reach this node. Give it a port of its own "
              "(admin.endpoint), or none (admin.enabled: false)",
              server.error().message);
    return made;
  }
  made->server_ = std::move(*server);
  log::info("admin on {}", made->server_->endpoint());
  return made;
}

void node_admin::attach(const actors::node* node) {
  const std::lock_guard guard(mutex_);
  node_ = node;
  if (node != nullptr) {
    was_running_ = true;
    id_ = node->id();
  }
}

void node_admin::set_cluster(std::optional<cluster_access> access) {
  const std::lock_guard guard(mutex_);
  access_ = std::move(access);
}

std::string node_admin::endpoint() const {
  return server_ ? server_->endpoint() : std::string();
}

std::optional<cluster::cluster_view> node_admin::view() {
  const std::lock_guard guard(mutex_); // The cluster stays as long as it is held.
  return access_ ? std::optional(access_->view()) : std::nullopt;
}

whole_status node_admin::look() {
  whole_status status{.node = {}, .cluster = view()};
  auto& node = status.node;
  node.name = name_;
  node.release = version();
  node.uptime_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - born_).count();
  {
    const std::lock_guard guard(mutex_); // The node stays as long as it is held.
    const bool running = node_ != nullptr && node_->ready();
    node.phase = running ? "running" : was_running_ ? "stopping" : "starting";
    node.refusal = running ? node_->refusal() : std::string();
    node.id = id_ == 0 ? "" : text_of_node(id_);
  }
  take_measures(metrics::collect(), node);
  node.logs = logs_of(exporter_board::instance().all(), unix_now());
  status.troubles = troubles_of(node, status.cluster ? &*status.cluster : nullptr);
  return status;
}

admin::v1::StatusResponse node_admin::status() {
  return to_message(look());
}

std::optional<admin::v1::Cluster> node_admin::cluster() {
  const auto seen = view();
  return seen ? std::optional(to_message(*seen)) : std::nullopt;
}

result<std::string> node_admin::leave(const std::string& node) {
  const std::lock_guard guard(mutex_);
  if (!access_)
    return fail(errc::unsupported, "this node is alone: there is no cluster to leave");
  const auto id = find_member(access_->view(), node);
  if (!id)
    return tl::unexpected(id.error());
  if (const auto begun = access_->leave(*id); !begun)
    return tl::unexpected(begun.error());
  return text_of_node(*id);
}

result<node_id> find_member(const cluster::cluster_view& view, const std::string& node) {
  const cluster::member_view* found = nullptr;
  std::string same;
  const auto id = node_in(node);
  for (const auto& member : view.members) {
    if (node.empty() ? member.self : id && member.info.id == *id)
      return member.info.id;
    if (node.empty() || member.info.name != node || !member.info.lives())
      continue;
    found = &member;
    same += (same.empty() ? "" : ", ") + text_of_node(member.info.id);
  }
  if (found == nullptr)
    return fail(errc::not_found,
                fmt::format("no member is called `{}`: `weir members` lists them", node));
  if (same != text_of_node(found->info.id))
    return fail(
        errc::invalid_argument,
        fmt::format("several members are called `{}`: say which by its id: {}", node, same));
  return found->info.id;
}

} // namespace weir::app
