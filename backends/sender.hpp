#pragma once

#include "core/bytes.hpp"
#include "core/signal.hpp"
#include "otlp/carried.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::backends {

/// Items of a request that were not taken, counted through its message: [first, last).
struct item_answer {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  bool again = false; ///< Not now; else never.
  std::string reason = {};
};

/// What became of one request to a back end.
struct outcome {
  enum class kind : std::uint8_t {
    delivered, ///< Taken; `rejected` items were refused for good by partial success.
    retry,     ///< Not now (a retryable status, no connection, time ran out).
    outage,    ///< Not until somebody changes something there (credentials, a route): tried again,
               ///< with longer and longer pauses.
    too_large, ///< Split it and send the parts.
    refused,   ///< Never: a permanent answer.
  };
  kind answer = kind::delivered;
  std::uint64_t rejected = 0;
  std::optional<std::chrono::milliseconds> retry_after = {}; ///< The back end's own wish.
  /// For the log and dead letters; with delivered: what the back end had to say all the same.
  std::string reason = {};
  /// Of a back end that answers item by item, with delivered: what was not taken, in order. The
  /// others were.
  std::vector<item_answer> items = {};
};

/// One export request: an OTLP message of one signal.
struct export_request {
  weir::signal signal = weir::signal::traces;
  shared_bytes message;
  std::uint64_t items = 0;
  otlp::carried_values carried = {}; ///< What its clients said, for headers that are sent on.
};

/// Sends requests to one back end. send() may be called from any thread, does not block on the
/// network, and calls `done` exactly once, from any thread, within the back end's timeout.
class sender {
public:
  virtual ~sender() = default;
  virtual void send(export_request request, std::function<void(outcome)> done) = 0;
  /// Gives up connections; outstanding requests end with outcome::retry.
  virtual void stop() = 0;
};

} // namespace weir::backends
