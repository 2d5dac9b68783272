#pragma once

#include "core/clock.hpp"
#include "net/client/retry_pause.hpp"
#include "net/client/turns.hpp"

#include <chrono>
#include <cstddef>
#include <mutex>
#include <vector>

namespace weir::backends {

/// Which of several endpoints gets the next request: the one with the fewest in flight, in turn
/// where these are equal; one that failed is left out for growing pauses (100 ms to 2 s, or as long
/// as it asked for, up to 30 s), unless all are. Any thread.
class endpoint_turns {
public:
  explicit endpoint_turns(std::size_t count) : servers_(count) {}

  /// The endpoint for a request that begins now.
  std::size_t begin(steady_ns now) {
    const std::lock_guard guard(mutex_);
    auto chosen = next(now, false);
    if (!chosen)
      chosen = next(now, true);
    ++servers_[*chosen].open;
    return *chosen;
  }

  /// That request ended. True where another endpoint could take it at once.
  bool end(std::size_t which, bool failed, steady_ns now, std::chrono::milliseconds wish) {
    const std::lock_guard guard(mutex_);
    auto& server = servers_[which];
    --server.open;
    if (!failed)
      server.pause.succeeded();
    else if (server.pause.over(now)) // Several that were in flight together are one failure.
      server.pause.failed(now, std::min(wish, longest_wish));
    for (const auto& s : servers_)
      if (&s != &server && s.pause.over(now))
        return true;
    return false;
  }

private:
  static constexpr std::chrono::milliseconds longest_pause{2000}, longest_wish{30'000};

  std::optional<std::size_t> next(steady_ns now, bool all) {
    return turns_.next(servers_.size(), [&](std::size_t i) -> std::optional<std::size_t> {
      if (!all && !servers_[i].pause.over(now))
        return std::nullopt;
      return servers_[i].open;
    });
  }

  struct server {
    std::size_t open = 0;
    net::retry_pause pause{longest_pause};
  };
  std::mutex mutex_;
  std::vector<server> servers_;
  net::turns turns_;
};

} // namespace weir::backends
