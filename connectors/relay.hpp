#pragma once

#include "core/error.hpp"
#include "core/signal.hpp"
#include "editing/processor.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::connectors {

/// A message that a connector made of another.
struct relayed {
  std::size_t group = 0; ///< Into the connector's groups of pipelines: who it is for.
  std::string message;
  std::uint64_t items = 0; ///< Never 0.
};

/// What became of a message.
struct relay_outcome {
  std::vector<relayed> messages;
  std::string refusal{}; ///< Not empty: the message is to be refused, with this reason.
  bool ended = false;    ///< Refused since its time was over.
};

/// A connector that makes of each message what it makes at once, and remembers nothing. Immutable:
/// any thread.
class relay {
public:
  virtual ~relay() = default;

  /// `time`: CPU time that it may take; 0: without end.
  /// @pre `message` was checked, and holds `items` (at least one) good spans, points or records
  virtual relay_outcome make(weir::signal kind, std::string_view message, std::uint64_t items,
                             const editing::request_context& request,
                             std::chrono::nanoseconds time) const = 0;
};
using relay_ptr = std::shared_ptr<const relay>;

} // namespace weir::connectors
