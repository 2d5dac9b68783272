#pragma once

#include "core/clock.hpp"

#include <map>
#include <optional>

namespace weir::cluster {

/// The gate before decisions: an owner decides only while no member holds back something older than a
/// second that belongs to it.
///
/// Invariants:
///  1. A member that has not reported since it became known (a start, a ring change) holds the gate shut.
///  2. The gate is open exactly when every member's oldest unsent slot is younger than `tolerance`.
///
/// Pure; one thread. Times are on the steady clock of this process.
class watermark {
public:
  static constexpr steady_ns tolerance = second_ns;

  /// A member whose unsent slots count from now on; it counts as holding back until it reports.
  void expect(std::uint64_t member) { oldest_[member] = infinite; }

  void remove(std::uint64_t member) { oldest_.erase(member); }

  /// `member` has sent everything received before `oldest_unsent` (none: everything).
  void report(std::uint64_t member, std::optional<steady_ns> oldest_unsent) {
    oldest_[member] = oldest_unsent.value_or(nothing);
  }

  bool open(steady_ns now) const noexcept {
    for (const auto& [member, oldest] : oldest_)
      if (oldest == infinite || (oldest != nothing && now - oldest > tolerance))
        return false;
    return true;
  }

private:
  static constexpr steady_ns infinite = -1;
  static constexpr steady_ns nothing = -2;

  std::map<std::uint64_t, steady_ns> oldest_;
};

} // namespace weir::cluster
