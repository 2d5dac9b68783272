#pragma once

#include "editing/processor.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::editing {

/// What a processor did to the number of spans, log records or data points.
struct item_counts {
  std::uint64_t dropped = 0; ///< Left out, or merged into others.
  std::uint64_t made = 0;    ///< Come on top.
};

/// What applying a chain needs beside the message; reused, so that a steady state allocates
/// nothing. One thread (or actor) at a time; any chain.
class scratch {
public:
  /// Of each of the chain's processors in the last apply(), in their order.
  std::span<const item_counts> counts() const noexcept { return counts_; }

private:
  friend class chain;

  std::unique_ptr<context> context_ = std::make_unique<context>();
  std::vector<std::string_view> pieces_;
  std::vector<const processor*> active_;
  std::vector<item_counts> counts_;
  std::string result_;
  std::string spare_;
};

/// What became of a message.
struct chain_outcome {
  bool changed = false; ///< `out` holds the new message; it may be empty.
  item_counts items;    ///< What all processors together dropped and made.
  std::string refusal;  ///< Not empty: the message is to be refused, with this reason.
  bool ended = false;   ///< Refused since its time was over: nothing was made or counted.
};

/// The processors of a pipeline that stand together in its list. Each sees what those before it
/// left, as in the Collector; those that cannot tell the difference are run in one walk over the
/// message. What they leave alone is neither decoded nor copied one by one. Immutable: shared by
/// threads, replaced as a whole.
class chain {
public:
  struct part {
    std::string id; ///< As written: "attributes/secrets".
    processor_ptr processor;
  };

  chain() = default;
  explicit chain(std::vector<part> parts);

  bool empty() const noexcept { return parts_.empty(); }
  const std::vector<part>& parts() const noexcept { return parts_; }
  /// Walks over a message that apply() takes.
  std::size_t passes() const noexcept { return passes_.size(); }

  /// Applies all of it to an OTLP message (TracesData, MetricsData, LogsData). Where anything
  /// changed, the new message is appended to `out`; else `out` is as it was. Scopes in the old
  /// field 1000 become those of field 2 where the walk comes upon them.
  /// `time`: CPU time that it may take; 0: without end. Beyond, the message is refused, with the
  /// statement or processor that was at work.
  /// @pre scan_traces or check_items took the message
  chain_outcome apply(weir::signal kind, std::string_view message, const request_context& request,
                      scratch& scratch, std::string& out,
                      std::chrono::nanoseconds time = std::chrono::nanoseconds::zero()) const;

private:
  struct pass {
    std::size_t first = 0; ///< Into parts_.
    std::size_t last = 0;
  };

  /// Whether anything changed: the new message is in `scratch` then.
  bool walk(weir::signal kind, std::string_view message, scratch& scratch) const;

  std::vector<part> parts_;
  std::vector<pass> passes_;
};

} // namespace weir::editing
