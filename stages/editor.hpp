#pragma once

#include "core/signal.hpp"
#include "editing/chain.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <prometheus/counter.h>
#include <string>
#include <string_view>
#include <vector>

namespace weir::stages {

/// A pipeline's chain of processors with what applying it needs, and its counts on the metrics
/// page. One actor; no CAF.
class editor {
public:
  editor(std::shared_ptr<const editing::chain> chain, weir::signal kind);

  /// Applies the chain to a message of `items` items, for `time` of CPU time at the most (0:
  /// without end). True: result() is what it became.
  bool apply(std::string_view message, std::uint64_t items, const editing::request_context& request,
             std::chrono::nanoseconds time = std::chrono::nanoseconds::zero());

  /// What the last apply() that changed something made; may be moved out.
  std::string& result() noexcept { return result_; }
  /// Why the request is to be refused; "" = it is not. result() is without the items that it is
  /// about then.
  const std::string& refusal() const noexcept { return refusal_; }
  /// Whether the last apply() was refused since its time was over: nothing was made or counted.
  bool ended() const noexcept { return ended_; }
  /// Items that the last apply() left out, and that it made.
  std::uint64_t removed() const noexcept { return counts_.dropped; }
  std::uint64_t made() const noexcept { return counts_.made; }

private:
  struct counters {
    prometheus::Counter* incoming;
    prometheus::Counter* outgoing;
  };

  std::shared_ptr<const editing::chain> chain_;
  weir::signal kind_;
  std::vector<counters> counters_;
  editing::scratch scratch_;
  std::string result_;
  std::string refusal_;
  editing::item_counts counts_;
  bool ended_ = false;
};

} // namespace weir::stages
