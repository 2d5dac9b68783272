#include "app/admin/hands.hpp"

#include "app/admin/node_status.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::app {

const std::vector<hand>& all_hands() {
  static const std::vector<hand> hands{
      status_hand(),  members_hand(),       leave_hand(),     exporters_hand(), start_replay_hand(),
      replays_hand(), change_replay_hand(), count_log_hand(), read_log_hand(),  find_trace_hand(),
  };
  return hands;
}

const hand* hand_called(std::string_view name) {
  const auto& hands = all_hands();
  const auto found =
      std::find_if(hands.begin(), hands.end(), [&](const hand& h) { return h.terms.name == name; });
  return found == hands.end() ? nullptr : &*found;
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
