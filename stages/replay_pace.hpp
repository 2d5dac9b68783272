#pragma once

#include "core/clock.hpp"

#include <algorithm>

namespace weir::stages {

/// What a node has to do beside replays.
struct live_load {
  bool short_of_memory = false; ///< Clients are refused for it.
  bool behind = false;          ///< An exporter sends what has waited for a while.
  double cpu = 0; ///< Of the CPUs that the process may use, without replays; from 0 to 1.

  friend bool operator==(const live_load&, const live_load&) = default;
};

/// When a replay may do the next piece of work: not faster than its rate, and while the node has
/// other things to do, a quarter of the time. Pure; one thread.
class replay_pace {
public:
  /// @param rate bytes a second; 0: no limit
  explicit replay_pace(std::uint64_t rate) : rate_(rate) {}

  /// What else there is to do, from now on.
  void look(const live_load& load) noexcept { load_ = load; }

  /// Others come first: it rests, and has one request in flight.
  bool yields() const noexcept { return load_.behind || load_.cpu > busy_cpu; }
  /// Nothing is done at all.
  bool holds() const noexcept { return load_.short_of_memory; }

  /// So many bytes were handed to the sender.
  void sent(std::uint64_t bytes, steady_ns now) noexcept {
    if (rate_ > 0)
      free_at_ = std::max(free_at_, now)
                 + static_cast<steady_ns>(static_cast<double>(bytes) * second_ns
                                          / static_cast<double>(rate_));
  }
  /// It worked for so long, until now.
  void worked(steady_ns duration, steady_ns now) noexcept {
    if (yields())
      free_at_ = std::max(free_at_, now + rest_for_work * duration);
  }

  /// Nothing is to be done before.
  steady_ns free_at() const noexcept { return free_at_; }

private:
  static constexpr double busy_cpu = 0.75;
  static constexpr steady_ns rest_for_work = 3; // A quarter of the time.

  std::uint64_t rate_;
  live_load load_;
  steady_ns free_at_ = 0;
};

} // namespace weir::stages
