#pragma once

#include "app/admin/node_status.hpp"

#include <string>

// What `weir status`, `members` and `leave` show, in lines of at most 80 characters. Pure.
namespace weir::app {

/// A node, its cluster and what is wrong, on one screen: of a cluster of more than `shown_members`,
/// this node and those that are not well.
std::string render_status(const whole_status& status);
inline constexpr std::size_t shown_members = 12;

/// All members. `view` null: a single node, which is said.
std::string render_members(const cluster::cluster_view* view);

/// How far a node is that leaves.
struct leave_status {
  std::string node;  ///< Its id.
  std::string state; ///< As to_string(member_state).
  double share = 0;  ///< From 0 to 1; of the node that is asked alone, as what follows.
  std::uint64_t open_slots = 0, unsent_slots = 0;
  bool done = false;
};

/// A line.
std::string render_leave(const leave_status& status);

} // namespace weir::app
