#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::simulation {

/// What may happen to a cluster.
struct cluster_faults {
  bool join = false, leave = false;
  bool restart = false; ///< A clean end, and a start a moment later.
  bool roll = false;    ///< The same, as a release newer, or as the one before again.
  bool broken_links = false;
  bool stall = false; ///< Nothing comes through, for less than anybody minds.
  bool refused_reads = false;
  bool slow_disk = false;    ///< Each sync takes two seconds, for a while.
  bool full_disk = false;    ///< For a while.
  bool kill = false;         ///< And a return, after a while.
  bool quick_starts = false; ///< Killed, started and killed again, within seconds.
  bool pause = false;        ///< For up to a minute.
  bool cut = false;          ///< Whole or one way.
  bool flap = false;         ///< The same, on and off again every few seconds.
  bool wipe = false;         ///< A node goes for ever, and its disk with it; another one comes.

  /// After which an owner may have decided what others know nothing of: who died, stood still or was
  /// cut off then, and for how long, says which decisions may be another's again.
  bool excuse_doubles() const noexcept {
    return kill || quick_starts || pause || cut || flap || wipe;
  }
  bool only_slow_disk() const noexcept;
  static cluster_faults all();
  /// "join,leave", "all", "none"; nothing: there is no such fault.
  static std::optional<cluster_faults> parse(std::string_view text);
};

struct named_fault {
  const char* name;
  bool cluster_faults::*wanted;
};
const std::vector<named_fault>& named_faults();

} // namespace weir::simulation
