#pragma once

#include "cluster/member.hpp"
#include "core/clock.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::cluster {

/// A link to another member, as the node that made it sees it.
struct link_view {
  bool stands = false;
  std::string trouble = {};     ///< Why it does not stand; "" = it does, or is being made.
  steady_ns round_trip = 0;     ///< Of the last gossip that was answered; 0: none yet.
  std::int64_t skew_ns = 0;     ///< The other clock less this one, within half the round trip.
  std::uint64_t in_flight = 0;  ///< Unpacked bytes sent for which no credit has come back.
  std::uint64_t credit = 0;     ///< Of so many.
  std::uint64_t sent_bytes = 0; ///< On the wire, of entries, since the start.
  std::uint64_t sent_entries = 0;
};

/// A member as one node sees it.
struct member_view {
  member info;
  bool self = false;
  bool suspected = false;
  std::uint32_t partitions = 0; ///< That it owns by the viewer's ring.
  steady_ns silent = 0;         ///< Since its beat rose last.
  link_view link = {};          ///< Not of itself.
  /// Its sampled pipelines differ from the viewer's: in words; "" = they are the same.
  std::string differs = {};
};

/// The cluster as one node sees it: what `weir status` and `weir members` show.
struct cluster_view {
  std::string name;                 ///< "" = no `cluster:` block.
  std::string unready;              ///< Why this node is not ready for clients; "" = it is.
  std::uint64_t ring = 0;           ///< Its digest.
  std::vector<member_view> members; ///< By id, itself included.
  std::uint64_t unsent_slots = 0;   ///< Of this node's entries: not with their owner yet.
  std::uint64_t open_slots = 0;     ///< Not settled yet.
  steady_ns oldest_unsent = 0;      ///< Its age; 0: nothing is unsent.
  std::uint64_t awaited = 0;        ///< Members whose word holds decisions back here.
  double leaving = 0;               ///< From 0 to 1, while it leaves.
};

} // namespace weir::cluster
