#pragma once

#include "cluster/ring_view.hpp"

#include <array>
#include <set>
#include <vector>

namespace weir::cluster {

/// Who is to hear what a node knows of a partition; 0: nobody more.
using listeners = std::array<node_id, 3>;

inline bool listens(const listeners& all, node_id node) noexcept {
  return node != 0 && (all[0] == node || all[1] == node || all[2] == node);
}

/// What a node goes by when the ring changes.
struct hand_over {
  node_id self = 0;
  const partition_owners& before; ///< Without owners: it was in no ring.
  const partition_owners& now;
  const std::vector<node_id>& living; ///< By the ring of now.
  /// By partition: who was to hear of it by the ring before, and has not heard all. Empty: nobody.
  const std::vector<listeners>& owed;
  /// Who had not said by then that it had handed over all.
  const std::set<node_id>& silent;
};

/// By partition, who of its owner and standbys is to hear what a node has decided of it, or knows of
/// others: whoever had no part in it by the ring before, from its owner of then; where that one is
/// gone, from its standby; where both are, or that one has not handed over all by the ring before and
/// may never have seen it, from everybody. The next owner hears it from the last one in any case.
/// Where somebody is gone that had not handed over all, nobody can tell who knows what: all hear from
/// everybody. Empty: nobody is to hear anything. Pure.
std::vector<listeners> listeners_of(const hand_over& rule);

} // namespace weir::cluster
