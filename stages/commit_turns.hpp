#pragma once

#include <atomic>

namespace weir::stages {

/// How many commits of one stage are in flight. The stage begins them; the writer's thread ends
/// them and tells the stage only when it has been turned away, so that a stage which keeps up is
/// not woken for each. begin() and idle() for one thread, end() for any.
class commit_turns {
public:
  explicit commit_turns(unsigned most) : most_(most) {}

  /// False: as many as may be are in flight, and the next end() asks to try again.
  bool begin() noexcept {
    const bool may = wait_until_below(most_);
    if (may)
      in_flight_.fetch_add(1);
    return may;
  }

  /// None is in flight. False: the next end() asks to look again.
  bool idle() noexcept { return wait_until_below(1); }

  /// One is over. True: the stage waits to be told.
  bool end() noexcept {
    in_flight_.fetch_sub(1);
    return waits_.exchange(false);
  }

private:
  // Says that it waits before it looks: an end() in between is seen by the one or the other.
  bool wait_until_below(unsigned most) noexcept {
    waits_.store(true);
    if (in_flight_.load() >= most)
      return false;
    waits_.store(false);
    return true;
  }

  const unsigned most_;
  std::atomic<unsigned> in_flight_{0};
  std::atomic<bool> waits_{false};
};

} // namespace weir::stages
