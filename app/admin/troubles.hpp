#pragma once

#include "app/admin/node_status.hpp"

namespace weir::app {

/// What is wrong with a node and its cluster, and what to do about it: the worst first, at most
/// `max_troubles`, of which the last then says how many more there are. Pure.
std::vector<trouble> troubles_of(const node_status& node, const cluster::cluster_view* view);

inline constexpr std::size_t max_troubles = 20;

} // namespace weir::app
