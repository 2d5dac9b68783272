#pragma once

#include "core/clock.hpp"
#include "core/rates.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace weir::sampling {

class policy_set;

/// All that a node's policies keep by rates: the budgets of rate_limiting, bytes_limiting and of
/// composite's parts, and the counts of dynamic. Says what was asked of each, for the other nodes of
/// the cluster, and tells each its share. Without a cluster nobody calls it, and every policy has
/// all of its rate.
///
/// It owns nothing: a budget is forgotten when the last shard lets go of it, so one that goes on
/// over a reload (policy_set::take_over) stays. Of one name there may be two meanwhile: they report
/// together, and have the same share.
///
/// Any thread.
class rate_board {
public:
  rate_board();
  ~rate_board();

  /// The budgets of a pipeline's policies, before any shard decides by them; they have their share
  /// at once. Copies of the set share its budgets and need no call of their own.
  void add(std::string_view pipeline, const policy_set& policies, steady_ns now);

  /// What was asked of each budget, within limit_rates(). Once a second: demands are means over the
  /// last four calls. A budget that was just added reports 0.
  std::vector<rate_report> demands(steady_ns now);

  /// The shares from now on, also of budgets that are added later. Once a second, with what
  /// cluster::share_rates() makes of demands().
  void apply(const node_shares& shares, steady_ns now);

  class source; ///< One budget, or the counts of one dynamic policy.

private:
  using sources = std::vector<std::unique_ptr<source>>;

  void apply_to(std::uint64_t budget, const sources& sources, steady_ns now) const;
  void forget_gone();

  mutable std::mutex mutex_;
  std::map<std::uint64_t, sources> budgets_;
  node_shares shares_;
};

} // namespace weir::sampling
