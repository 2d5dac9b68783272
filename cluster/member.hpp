#pragma once

#include "core/ids.hpp"
#include "core/rates.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::cluster {

/// In the order in which they override each other for one boot of a member: what it says of itself
/// rises, and who was said to be down is not up again but as another boot.
enum class member_state : std::uint8_t {
  joining, ///< Accepts clients, owns nothing yet.
  up,
  leaving, ///< Gives up what it owns.
  down,    ///< Others have heard nothing of it for too long.
  left,    ///< Said goodbye.
};

std::string_view to_string(member_state state) noexcept;

/// A member as the others see it: what members tell each other.
struct member {
  node_id id = 0;
  std::uint64_t boot = 0; ///< Rises with each start, and when it learns that it was taken for down.
  member_state state = member_state::joining;
  std::uint64_t beat = 0;   ///< Rises while it lives; of one boot.
  std::string address = {}; ///< host:port of its cluster port.
  std::string zone = {};
  std::string release = {};                ///< Of the program.
  std::string name = {};                   ///< What people call it; "" = its id in hex.
  std::vector<std::string> pipelines = {}; ///< Those that it samples, by name, sorted.
  std::vector<node_id> unreachable = {};   ///< Those that it has no link to, though they are there.
  std::vector<rate_report> rates = {};     ///< What was asked of its budgets, within limit_rates().

  bool lives() const noexcept { return state < member_state::down; }

  friend bool operator==(const member&, const member&) = default;
};

/// Puts what another has heard of a member into what is known of it. In whatever order, and however
/// often, members exchange what they know, they end with the same: the later boot counts, of one
/// boot the later state and what came with the later beat. @pre one id
void merge(member& known, const member& heard);

} // namespace weir::cluster
