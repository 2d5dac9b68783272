#pragma once

#include "app/admin/hand.hpp"

#include <string>

// A hand of the cluster: this node and the others do it, and each answer says whose it is.
namespace weir::app {

/// Does it here, and on all members that live, or on the one in its scope. Those that are down or do
/// not answer are named by an answer with a Speaker alone. errc::not_found: there is no such member.
/// @pre the hand is of the cluster
result<void> call_cluster(const hand& called, const node_place& place, const std::string& request,
                          net::asker& whom);

/// Does it here, for another member that was asked.
/// @pre the hand is of the cluster
result<void> call_here(const hand& called, const node_place& place, const std::string& request,
                       net::asker& whom);

} // namespace weir::app
