#pragma once

#include "core/ids.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::cluster {

/// Who owns the partitions of a pipeline, and who has copies; by partition, 0: nobody.
struct partition_owners {
  /// 0: nobody. Of what was never filled in, all are nobody's.
  node_id owner_of(std::size_t partition) const noexcept { return in(owners, partition); }
  node_id standby_of(std::size_t partition) const noexcept { return in(standbys, partition); }
  node_id zone_standby_of(std::size_t partition) const noexcept {
    return in(zone_standbys, partition);
  }
  /// It owns the partition, or has copies of what is decided of it.
  bool holds(node_id node, std::size_t partition) const noexcept {
    return owner_of(partition) == node || standby_of(partition) == node
           || zone_standby_of(partition) == node;
  }

  std::vector<node_id> owners;
  std::vector<node_id> standbys;
  std::vector<node_id> zone_standbys; ///< Of another zone than the owner's.

  friend bool operator==(const partition_owners&, const partition_owners&) = default;

private:
  static node_id in(const std::vector<node_id>& nodes, std::size_t partition) noexcept {
    return nodes.empty() ? 0 : nodes[partition];
  }
};

/// A ring as a node sees it, and who else is there. Its owners are those of the pipelines that all
/// members sample.
struct ring_view : partition_owners {
  const partition_owners& of(const std::string& pipeline) const {
    const auto found = differing.find(pipeline);
    return found == differing.end() ? *this : found->second;
  }
  bool is_living(node_id node) const noexcept {
    return std::find(living.begin(), living.end(), node) != living.end();
  }

  std::uint64_t ring = 0; ///< Its digest; 0: nobody is up.
  /// Of pipelines that not all members sample: those who do own what is theirs.
  std::map<std::string, partition_owners> differing;
  std::vector<node_id> living; ///< Members that may have entries for others, this node included.
  /// By pipeline: other members that may have decided something of it.
  std::map<std::string, std::vector<node_id>> deciders;
  bool frozen = false; ///< Nothing may be decided.
  bool fresh = false;  ///< The others took this node for down: what it held is somebody else's.

  friend bool operator==(const ring_view&, const ring_view&) = default;
};

/// Before the first one: nobody is up.
inline const ring_view no_ring;

} // namespace weir::cluster
