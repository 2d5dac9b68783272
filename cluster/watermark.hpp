#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <map>

namespace weir::cluster {

/// The gate before decisions: an owner decides only while no member holds back something older than a
/// second that belongs to it.
///
/// Invariants:
///  1. A member that has not reported since it became known (a start, a ring change) holds the gate shut.
///  2. The gate is open exactly when every member has said, of a moment at most `tolerance` ago, that it
///     has sent everything received before it. A member that falls silent shuts the gate.
///
/// Pure; one thread. Times are on the steady clock of this process.
class watermark {
public:
  static constexpr steady_ns tolerance = second_ns;

  /// A member whose unsent slots count from now on; it counts as holding back until it reports.
  void expect(std::uint64_t member) { sent_until_[member] = never; }

  void remove(std::uint64_t member) { sent_until_.erase(member); }

  /// `member` has sent everything received before `sent_until`: when its oldest unsent slot was received,
  /// or, where it has none, now.
  void report(std::uint64_t member, steady_ns sent_until) { sent_until_[member] = sent_until; }

  bool open(steady_ns now) const noexcept {
    return std::all_of(sent_until_.begin(), sent_until_.end(), [now](const auto& of) {
      return of.second != never && now - of.second <= tolerance;
    });
  }

private:
  static constexpr steady_ns never = -1;

  std::map<std::uint64_t, steady_ns> sent_until_;
};

} // namespace weir::cluster
