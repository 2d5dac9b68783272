#pragma once

#include "core/clock.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <vector>

namespace weir::cluster {

/// The gate before decisions: an owner decides a trace only when all that was received for it
/// before its wait was over, by whatever member, has come. A member that is behind delays decisions
/// by as much, and makes none of them incomplete, as it sends in order of receipt.
///
/// Invariants:
///  1. A member that has not reported since it became known (a start, a ring change) holds the gate
///  shut.
///  2. complete_until() is never above what every member has said, but for `tolerance`: reports
///  come now and then, and a member that had nothing to send a moment ago counts as if it still had
///  none.
///     A member that falls silent holds it where it was.
///
/// Pure; one thread. Times are on the steady clock of this process.
class watermark {
public:
  static constexpr steady_ns tolerance = second_ns;
  /// Before all moments.
  static constexpr steady_ns never = std::numeric_limits<steady_ns>::min() / 2;

  /// A member whose unsent slots count from now on; it counts as holding back until it reports.
  void expect(std::uint64_t member) { sent_until_[member] = never; }

  void remove(std::uint64_t member) { sent_until_.erase(member); }

  /// These count, and no others; those that are new hold it shut, and with `anew` all do.
  void expect_only(const std::vector<std::uint64_t>& members, bool anew) {
    std::erase_if(sent_until_, [&](const auto& each) {
      return std::find(members.begin(), members.end(), each.first) == members.end();
    });
    for (const auto member : members)
      if (anew || !sent_until_.contains(member))
        expect(member);
  }

  /// `member` has sent everything received before `sent_until`: when its oldest unsent slot was
  /// received, or, where it has none, now.
  void report(std::uint64_t member, steady_ns sent_until) { sent_until_[member] = sent_until; }

  /// Everything received before this moment has come; `now` where that is so but for the tolerance.
  steady_ns complete_until(steady_ns now) const noexcept {
    auto until = now;
    for (const auto& [member, sent] : sent_until_)
      until = std::min(until, sent);
    return now - until <= tolerance ? now : until;
  }

  /// How many have not reported yet.
  std::size_t awaited() const noexcept {
    return static_cast<std::size_t>(
        std::count_if(sent_until_.begin(), sent_until_.end(),
                      [](const auto& each) { return each.second == never; }));
  }

private:
  std::map<std::uint64_t, steady_ns> sent_until_;
};

} // namespace weir::cluster
