#pragma once

#include "core/clock.hpp"
#include "net/server/arrival_pattern.hpp"
#include "net/server/otlp_server.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace weir::net {

/// Where the complete requests of all network threads gather until they are handed over together:
/// what comes after it (a commit) costs little more for many than for one. What nobody else is
/// coming for goes on at once: after a pause, and when all clients that are known wait for their
/// answers (arrival_pattern). Bounded by what may be in flight (byte_budget). Any thread.
class gathering {
public:
  /// @param pause between two hand-overs
  /// @param enough bytes of bodies that do not wait for it
  gathering(otlp_server::handler handler, std::chrono::microseconds pause, std::uint64_t enough);

  /// Takes `complete` (left empty) and hands over what has gathered, if it is time. Else it may
  /// return when to call on_time(): once, whoever adds more meanwhile.
  std::optional<steady_ns> add(std::vector<otlp_request>& complete, steady_ns now);

  /// A connection is closed: nothing more is coming from it.
  void left(std::uint64_t connection);

  /// When the requests that wait go on, where they wait for their time as those before them did:
  /// what comes sooner need not be read at once. 0: none wait, or something else may end the wait.
  steady_ns wait_end() const noexcept { return wait_end_.load(std::memory_order_relaxed); }

  /// The time that was asked for has come. Returns the next one, where others were quicker.
  std::optional<steady_ns> on_time(steady_ns now);

private:
  std::vector<otlp_request> take(steady_ns now);

  const otlp_server::handler handler_;
  const steady_ns pause_;
  const std::uint64_t enough_;
  std::mutex mutex_;
  std::vector<otlp_request> gathered_;
  std::uint64_t bytes_ = 0;
  arrival_pattern pattern_;
  steady_ns next_ = 0;
  bool asked_ = false;     ///< Somebody will call on_time().
  bool went_early_ = true; ///< The last that waited did not wait for their time.
  std::atomic<steady_ns> wait_end_{0};
};

} // namespace weir::net
