#include "app/admin/hands.hpp"
#include "app/admin/messages.hpp"
#include "app/admin/node_look.hpp"
#include "app/admin/troubles.hpp"
#include "app/version.hpp"
#include "core/metric_values.hpp"

namespace weir::app {

namespace {

std::optional<cluster::cluster_view> view_of(const node_place& place) {
  return place.cluster ? std::optional(place.cluster->view()) : std::nullopt;
}

whole_status look(const node_place& place) {
  whole_status status{.node = {}, .cluster = view_of(place)};
  auto& node = status.node;
  node.name = place.name;
  node.release = version();
  node.uptime_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - place.born).count();
  const bool running = place.node != nullptr && place.node->ready();
  node.phase = running ? "running" : place.was_running ? "stopping" : "starting";
  node.refusal = running ? place.node->refusal() : std::string();
  node.id = place.id == 0 ? "" : text_of_node(place.id);
  take_measures(metrics::collect(), node);
  node.logs = logs_of(exporter_board::instance().all(), unix_now());
  status.troubles = troubles_of(node, status.cluster ? &*status.cluster : nullptr);
  return status;
}

result<admin::v1::StatusResponse> status(const node_place& place, const admin::v1::StatusRequest&) {
  return to_message(look(place));
}

result<admin::v1::MembersResponse> members(const node_place& place,
                                           const admin::v1::MembersRequest&) {
  admin::v1::MembersResponse answer;
  if (const auto seen = view_of(place))
    *answer.mutable_cluster() = to_message(*seen);
  return answer;
}

} // namespace

hand status_hand() {
  return make_hand<admin::v1::StatusRequest, admin::v1::StatusResponse>({.name = "Status"}, status);
}

hand members_hand() {
  return make_hand<admin::v1::MembersRequest, admin::v1::MembersResponse>({.name = "Members"},
                                                                          members);
}

} // namespace weir::app
