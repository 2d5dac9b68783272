#pragma once

#include "app/admin/hand.hpp"

#include <string_view>
#include <vector>

// What a node can be asked for and told, each in a file of its own: <name>_hand.cpp.
namespace weir::app {

hand status_hand();
hand members_hand();
hand leave_hand();
hand exporters_hand();
hand start_replay_hand();
hand replays_hand();
hand change_replay_hand();
hand count_log_hand();
hand read_log_hand();
hand find_trace_hand();

/// All of them.
const std::vector<hand>& all_hands();
/// By the name of its rpc; null: there is none.
const hand* hand_called(std::string_view name);

/// The member that is meant by a name or an id; "" = the one that is asked. errc::not_found;
/// errc::invalid_argument: several have that name. Pure.
result<node_id> find_member(const cluster::cluster_view& view, const std::string& node);

} // namespace weir::app
