#pragma once

#include "actors/editor.hpp"
#include "codec/traces_block.hpp"
#include "otlp/scan.hpp"
#include "otlp/writer.hpp"
#include "sampling/assembly.hpp"

#include <memory>
#include <string>
#include <vector>

namespace weir::actors {

/// The processors behind tail sampling: kept spans pass through them on their way into a block. One
/// actor; no CAF.
class kept_editor {
public:
  /// `time`: CPU time that they may take for what is edited together; 0: without end. Where that is
  /// not enough, halves get half of it, and so on: what is dropped in the end is little.
  kept_editor(std::shared_ptr<const processors::chain> chain, std::chrono::nanoseconds time)
      : editor_(std::move(chain), signal::traces), time_(time) {}

  /// As kept_spans::append_to: from span number `first` on, about `max_bytes` at a time.
  std::size_t append_to(const sampling::kept_spans& from, codec::traces_block_builder& to,
                        std::size_t first, std::size_t max_bytes, unix_ns now);

  /// Spans that the last append_to() left out.
  std::uint64_t removed() const noexcept { return removed_; }

private:
  /// Below this, what takes too long is dropped.
  static constexpr auto least_time = std::chrono::milliseconds(40);

  void append_range(const sampling::kept_spans& from, codec::traces_block_builder& to,
                    std::size_t first, std::size_t end, unix_ns now, std::chrono::nanoseconds time);
  void append_message(std::string_view message, codec::traces_block_builder& to);
  std::string_view envelope(std::string_view message, std::uint32_t first, std::uint32_t count);

  editor editor_;
  std::chrono::nanoseconds time_;
  otlp::traces_writer writer_;
  otlp::span_index index_;
  std::vector<std::uint32_t> order_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> numbers_; ///< By group: resource, scope.
  std::string message_;
  std::string envelope_;
  std::uint64_t removed_ = 0;
};

} // namespace weir::actors
