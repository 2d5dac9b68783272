#pragma once

#include "codec/traces_block.hpp"
#include "otlp/scan.hpp"
#include "otlp/writer.hpp"
#include "sampling/assembly.hpp"
#include "stages/editor.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::stages {

/// The processors behind tail sampling: kept spans pass through them on their way into a block. One
/// actor; no CAF.
class kept_editor {
public:
  /// `time`: CPU time that they may take for what is edited together; 0: without end. Where that is
  /// not enough, halves get half of it, and so on: what is dropped in the end is little.
  kept_editor(std::shared_ptr<const editing::chain> chain, std::chrono::nanoseconds time)
      : editor_(std::move(chain), signal::traces), time_(time) {}

  /// As kept_spans::append_to: from span number `first` on, about `max_bytes` at a time. What the
  /// processors make of these may be more than a block: `on_full` is called where it is to be
  /// finished.
  std::size_t append_to(const sampling::kept_spans& spans, codec::traces_block_builder& builder,
                        std::size_t first, std::size_t max_bytes, unix_ns now,
                        const std::function<void()>& on_full);

  /// Spans that the last append_to() left out.
  std::uint64_t removed() const noexcept { return removed_; }

private:
  /// Below this, what takes too long is dropped.
  static constexpr auto least_time = std::chrono::milliseconds(40);

  /// Where what was edited goes.
  struct target {
    codec::traces_block_builder& builder;
    std::size_t max_bytes;
    const std::function<void()>& on_full;
  };
  /// A resource and scope of the message in hand.
  struct around {
    std::uint32_t resource; ///< Its number among the resources.
    std::size_t bytes;      ///< Of both envelopes.
  };

  void append_range(const sampling::kept_spans& spans, const target& target, std::size_t first,
                    std::size_t end, unix_ns now, std::chrono::nanoseconds time);
  void append_message(std::string_view message, const target& target);
  void append_span(std::string_view message, const otlp::span_ref& span,
                   codec::traces_block_builder& builder);
  void begin_block();
  void measure_groups();
  std::size_t bytes_of(std::uint32_t first, std::uint32_t count) const;
  std::string_view envelope(std::string_view message, std::uint32_t first, std::uint32_t count);

  editor editor_;
  std::chrono::nanoseconds time_;
  otlp::traces_writer writer_;
  otlp::span_index index_;
  std::vector<std::uint32_t> order_;
  std::string message_;
  std::string envelope_;
  std::vector<around> groups_;           ///< By group of index_.
  std::vector<std::uint32_t> resources_; ///< Their numbers in the block in hand.
  std::vector<std::uint32_t> scopes_;    ///< By group.
  std::uint64_t removed_ = 0;
};

} // namespace weir::stages
