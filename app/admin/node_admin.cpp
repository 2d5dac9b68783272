#include "app/admin/node_admin.hpp"

#include "app/admin/cluster_call.hpp"
#include "app/admin/hands.hpp"
#include "core/log.hpp"
#include "core/quote.hpp"

#include <fmt/format.h>

namespace weir::app {

namespace {

constexpr std::size_t longest_logged_request = 1024;

void note_change(const hand& called, const std::string& request, const net::asker& whom) {
  if (!called.terms.changes)
    return;
  const auto peer = without_controls(whom.peer());
  const auto text = called.text(request).substr(0, longest_logged_request);
  log::info({{"hand", called.terms.name}, {"peer", peer}, {"request", text}},
            "admin: {} was asked for by {}: {}", called.terms.name, peer,
            text.empty() ? "no arguments" : text);
}

} // namespace

/// Someone works on the place, for as long as this lives.
class node_admin::visit {
public:
  visit(node_admin& admin, const hand& called, net::asker& whom)
      : admin_(admin), whom_(whom), held_(admin.place_mutex_) {
    if (!called.terms.is_long)
      return;
    const std::lock_guard guard(admin_.askers_mutex_);
    admin_.askers_.insert(&whom_);
    if (admin_.changing_)
      whom_.send_away();
  }
  ~visit() {
    const std::lock_guard guard(admin_.askers_mutex_);
    admin_.askers_.erase(&whom_);
  }
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;

  const node_place& place() const noexcept { return admin_.place_; }

private:
  node_admin& admin_;
  net::asker& whom_;
  const std::shared_lock<std::shared_mutex> held_;
};

result<std::unique_ptr<node_admin>> node_admin::start(const node_config& config) {
  auto made = std::make_unique<node_admin>();
  if (config.cluster)
    made->place_.name = config.cluster->node;
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

void node_admin::attach(actors::node* node, std::optional<cluster_access> access) {
  {
    const std::lock_guard guard(askers_mutex_);
    changing_ = true;
    for (auto* each : askers_)
      each->send_away();
  }
  {
    const std::unique_lock alone(place_mutex_);
    place_.node = node;
    place_.cluster = std::move(access);
    if (node != nullptr) {
      place_.was_running = true;
      place_.id = node->id();
    }
  }
  const std::lock_guard guard(askers_mutex_);
  changing_ = false;
}

std::string node_admin::endpoint() const {
  return server_ ? server_->endpoint() : std::string();
}

std::vector<net::admin_method> node_admin::methods() const {
  std::vector<net::admin_method> methods;
  for (const auto& each : all_hands())
    methods.push_back({each.terms.name, each.terms.is_long});
  return methods;
}

result<void> node_admin::answer(const std::string& method, const std::string& request,
                                net::asker& whom) {
  const auto* called = hand_called(method);
  if (called == nullptr)
    return fail(errc::not_found, fmt::format("there is no `{}`", without_controls(method)));
  note_change(*called, request, whom);
  const visit here(*this, *called, whom);
  return called->of_cluster ? call_cluster(*called, here.place(), request, whom)
                            : called->work(here.place(), request, whom);
}

result<void> node_admin::answer_member(const net::question& asked, net::asker& whom) {
  const auto* called = hand_called(asked.hand);
  if (called == nullptr || !called->of_cluster)
    return fail(errc::not_found, "this release does not know it");
  note_change(*called, asked.request, whom);
  const visit here(*this, *called, whom);
  return call_here(*called, here.place(), asked.request, whom);
}

} // namespace weir::app
