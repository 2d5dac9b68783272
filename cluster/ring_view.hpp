#pragma once

#include "core/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::cluster {

/// A ring as a node sees it, and who else is there.
struct ring_view {
  /// 0: nobody. Of a view that was never filled in, all are nobody's.
  node_id owner_of(std::size_t partition) const noexcept {
    return owners.empty() ? 0 : owners[partition];
  }
  node_id standby_of(std::size_t partition) const noexcept {
    return standbys.empty() ? 0 : standbys[partition];
  }

  std::uint64_t ring = 0;        ///< Its digest; 0: nobody is up.
  std::vector<node_id> owners;   ///< By partition; 0: nobody.
  std::vector<node_id> standbys; ///< By partition; 0: nobody.
  std::vector<node_id> living;   ///< Members that may have entries for others, this node included.
  /// By pipeline: other members that may have decided something of it.
  std::map<std::string, std::vector<node_id>> deciders;
  bool frozen = false; ///< Nothing may be decided.
  bool fresh = false;  ///< The others took this node for down: what it held is somebody else's.

  friend bool operator==(const ring_view&, const ring_view&) = default;
};

/// Before the first one: nobody is up.
inline const ring_view no_ring;

} // namespace weir::cluster
