#include "app/admin/hands.hpp"
#include "app/admin/node_status.hpp"

#include <algorithm>

namespace weir::app {

namespace {

using admin::v1::LeaveProgress;

constexpr auto look_interval = std::chrono::milliseconds(250);

/// How far `id` is; done also where nobody knows it any more.
LeaveProgress progress_of(const cluster::cluster_view& view, node_id id) {
  LeaveProgress progress;
  progress.set_node(text_of_node(id));
  const auto found = std::find_if(view.members.begin(), view.members.end(),
                                  [id](const auto& member) { return member.info.id == id; });
  const auto state = found == view.members.end() ? cluster::member_state::left : found->info.state;
  progress.set_state(std::string(to_string(state)));
  progress.set_done(state == cluster::member_state::left || state == cluster::member_state::down);
  if (found != view.members.end() && found->self) {
    progress.set_share(view.leaving);
    progress.set_open_slots(view.open_slots);
    progress.set_unsent_slots(view.unsent_slots);
  }
  return progress;
}

result<void> leave(const node_place& place, const admin::v1::LeaveRequest& request,
                   listener<LeaveProgress>& told) {
  if (!place.cluster)
    return fail(errc::unsupported, "this node is alone: there is no cluster to leave");
  const auto id = find_member(place.cluster->view(), request.node());
  if (!id)
    return tl::unexpected(id.error());
  if (const auto begun = place.cluster->leave(*id); !begun)
    return begun;
  for (;;) {
    const auto progress = progress_of(place.cluster->view(), *id);
    if (!told.tell(progress) || progress.done())
      return {};
    if (!told.pause(look_interval))
      return fail(errc::unavailable, "the node that was asked ends");
  }
}

} // namespace

hand leave_hand() {
  return make_hand<admin::v1::LeaveRequest, LeaveProgress>(
      {.name = "Leave", .changes = true, .is_long = true}, leave);
}

} // namespace weir::app
