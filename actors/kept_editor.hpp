#pragma once

#include "actors/editor.hpp"
#include "codec/traces_block.hpp"
#include "otlp/scan.hpp"
#include "otlp/writer.hpp"
#include "sampling/assembly.hpp"

#include <memory>
#include <string>

namespace weir::actors {

/// The processors behind tail sampling: kept spans pass through them on their way into a block. One
/// actor; no CAF.
class kept_editor {
public:
  explicit kept_editor(std::shared_ptr<const processors::chain> chain)
      : editor_(std::move(chain), signal::traces) {}

  /// As kept_spans::append_to: from span number `first` on, about `max_bytes` at a time.
  std::size_t append_to(const sampling::kept_spans& from, codec::traces_block_builder& to,
                        std::size_t first, std::size_t max_bytes, unix_ns now);

  /// Spans that the last append_to() left out.
  std::uint64_t removed() const noexcept { return removed_; }

private:
  std::string_view envelope(std::string_view message, std::uint32_t first, std::uint32_t count);

  editor editor_;
  otlp::traces_writer writer_;
  otlp::span_index index_;
  std::string message_;
  std::string envelope_;
  std::uint64_t removed_ = 0;
};

} // namespace weir::actors
