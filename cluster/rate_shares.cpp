#include "cluster/rate_shares.hpp"

#include <algorithm>
#include <map>

namespace weir::cluster {

namespace {

const rate_report* find(const std::vector<rate_report>& reports, std::uint64_t budget) {
  const auto found = std::ranges::lower_bound(reports, budget, {}, &rate_report::budget);
  return found != reports.end() && found->budget == budget ? &*found : nullptr;
}

/// `others`: their demands; those without one may be left out.
double share_of(const rate_report& own, std::vector<double> others, std::size_t nodes) {
  if (nodes == 1)
    return 1;
  const auto floor = 1 / (2 * static_cast<double>(nodes));
  const auto limit = static_cast<double>(std::max<std::uint64_t>(own.limit, 1));
  const auto demand = static_cast<double>(own.demand) / limit;
  auto open_demand = demand;
  for (auto& each : others)
    open_demand += each /= limit;
  if (open_demand <= 0)
    return 2 * floor;
  // From the quietest on: whose part would be less than the floor has the floor.
  std::ranges::sort(others);
  double rest = 1;
  const auto below_floor = [&](double each) { return rest * each <= floor * open_demand; };
  for (const auto each : others) {
    if (each >= demand && below_floor(demand))
      return floor;
    if (!below_floor(each))
      break;
    rest -= std::min(each, floor);
    open_demand -= each;
  }
  return below_floor(demand) ? floor : std::min(1.0, rest * demand / open_demand);
}

foreign_counts sum_of(const std::vector<const rate_report*>& reports) {
  foreign_counts sum;
  std::map<std::uint64_t, std::uint64_t> keys;
  for (const auto* each : reports) {
    ++sum.nodes;
    sum.busy += each->demand > 0 ? 1 : 0;
    auto other_keys = each->demand;
    for (const auto& counted : each->keys) {
      keys[counted.key] += counted.spans;
      other_keys -= std::min(other_keys, counted.spans);
    }
    sum.other_keys += other_keys;
  }
  sum.keys.reserve(keys.size());
  for (const auto& [key, spans] : keys)
    sum.keys.push_back({key, spans});
  return sum;
}

} // namespace

node_shares share_rates(node_id self, const std::vector<rate_report>& own,
                        const std::vector<member>& members) {
  std::vector<const member*> others;
  for (const auto& each : members)
    if (each.id != self && each.state == member_state::up)
      others.push_back(&each);
  const auto nodes = others.size() + 1;
  node_shares result;
  result.even = 1 / static_cast<double>(nodes);
  result.budgets.reserve(own.size());
  for (const auto& report : own) {
    std::vector<const rate_report*> reported;
    std::vector<double> demands;
    for (const auto* each : others)
      if (const auto* found = find(each->rates, report.budget)) {
        reported.push_back(found);
        demands.push_back(static_cast<double>(found->demand));
      }
    auto& share = result.budgets.emplace_back();
    share.budget = report.budget;
    if (report.limit > 0)
      share.share = share_of(report, std::move(demands), nodes);
    else
      share.counts = sum_of(reported);
  }
  return result;
}

} // namespace weir::cluster
