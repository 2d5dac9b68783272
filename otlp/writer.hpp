#pragma once

#include "otlp/scan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::otlp {

/// Puts span slices together as one OTLP traces message again. Spans added one after another with the
/// same group share one ResourceSpans and ScopeSpans. Two passes: add() notes slices and sums lengths,
/// write() copies. The slices must live until write(). Keeps its capacity over clear().
class traces_writer {
public:
  /// Begins a resource: all of the ResourceSpans message but its scope_spans, as slices in wire order.
  void resource(const std::vector<std::string_view>& envelope);
  void resource(std::string_view envelope);

  /// Begins a scope in the present resource: all of the ScopeSpans message but its spans.
  void scope(const std::vector<std::string_view>& envelope);
  void scope(std::string_view envelope);

  /// Adds the body of a Span message to the present scope.
  void span(std::string_view body);

  std::size_t spans() const noexcept;

  /// Bytes that write() would append. An upper bound until write(), at most 24 bytes a group over.
  std::size_t size() const noexcept;

  /// Appends the message to `out`.
  void write(std::string& out);

  void clear();
};

} // namespace weir::otlp
