#pragma once

#include "cluster/member.hpp"
#include "core/rates.hpp"

#include <vector>

namespace weir::cluster {

/// This node's share of each of its budgets, by what the members that are up have reported, itself
/// counted whatever its state. Nodes that know the same come to shares of which, while the demand
/// stays as reported, neither too much nor too little is kept in all:
///
/// - a share grows with the demand, so that what quiet nodes leave goes to busy ones, and the same
///   part of the traffic is kept everywhere;
/// - but it is at least 1/(2N), for a node whose demand is not known yet, or rises. Of that the
///   others give up only what was asked for there. So the shares may come to more than 1; what is
///   kept, to half the budget more for as long as news travel.
///
/// In a partition each side shares the whole budget. Without other members every share is exactly 1;
/// of a budget that nobody asks for, all have the same.
///
/// Pure. @pre `own` and the members' reports are as limit_rates() leaves them
node_shares share_rates(node_id self, const std::vector<rate_report>& own,
                        const std::vector<member>& members);

} // namespace weir::cluster
