#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace weir::net {

/// Who sends how many requests at a time, and how often: whether it is worth waiting for more
/// before what has come goes on. A client that waits for its answer sends nothing until it has it,
/// so once all that it sends at a time is in hand, nothing more is coming from it.
///
/// Knows connections that sent something in the last second. One thread at a time.
class arrival_pattern {
public:
  /// @param pause for how long one would wait
  explicit arrival_pattern(steady_ns pause) noexcept : pause_(pause) {}

  /// A request came in on `connection`; it is in hand until handed_over().
  void came(std::uint64_t connection, steady_ns now);
  /// The connection is closed.
  void left(std::uint64_t connection);
  void handed_over();

  /// Whether it is likelier than not that another request comes within the pause.
  bool more_is_coming() const noexcept;

  /// Whether more than the pause should be waited out once, to see: while all are answered at once,
  /// who sends by a clock of its own looks like who waits for answers. Twice a second, where
  /// requests come often enough for it to tell; until handed_over(). Where more came meanwhile than
  /// was to be foreseen, more is coming until the next time.
  bool is_probing() const noexcept { return probing_; }

private:
  static constexpr steady_ns period = second_ns / 2;

  struct sender {
    std::uint32_t in_hand = 0;
    std::uint32_t most = 0; ///< At a time, in this period and the last.
    std::uint32_t most_now = 0;
    std::uint32_t sent = 0; ///< In the last period, or already in this one, whichever is more.
    std::uint32_t sent_now = 0;

    bool all_in_hand() const noexcept { return in_hand > 0 && in_hand >= most; }
  };

  void next_period(steady_ns now);
  /// Of so many requests in a period one is likely to come within the pause.
  bool is_often(std::uint64_t sent) const noexcept {
    return 2 * sent * static_cast<std::uint64_t>(pause_) >= static_cast<std::uint64_t>(period);
  }

  const steady_ns pause_;
  steady_ns period_end_ = 0;
  std::unordered_map<std::uint64_t, sender> senders_;
  std::vector<std::uint64_t> in_hand_; ///< Connections that have something in hand.
  std::uint64_t others_ = 0;           ///< What those sent that have not all in hand.
  bool probing_ = false;
  bool keeps_coming_ = false;    ///< As the last probe has shown.
  std::uint32_t unforeseen_ = 0; ///< Requests that came in this probe when none was to be expected.
};

} // namespace weir::net
