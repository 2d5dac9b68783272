#pragma once

#include "otlp/scan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::otlp {

/// Puts span slices together as one OTLP traces message again. Spans added one after another with
/// the same group share one ResourceSpans and ScopeSpans. Two passes: add() notes slices and sums
/// lengths, write() copies. The slices must live until write(). Keeps its capacity over clear().
/// One thread at a time.
class traces_writer {
public:
  /// Begins a resource: all of the ResourceSpans message but its scope_spans, as slices in wire
  /// order.
  void resource(const std::vector<std::string_view>& envelope);
  void resource(std::string_view envelope);

  /// Begins a scope in the present resource: all of the ScopeSpans message but its spans.
  void scope(const std::vector<std::string_view>& envelope);
  void scope(std::string_view envelope);

  /// Adds the body of a Span message to the present scope.
  void span(std::string_view body);

  std::size_t spans() const noexcept;

  /// Bytes that write() would append, or up to 24 a group more.
  std::size_t size() const noexcept;

  /// Appends the message to `out`. Resources and scopes without a span are left out.
  void write(std::string& out) const;

  void clear();

private:
  struct scope_part {
    std::size_t envelope_end; // into pieces_; the envelope begins where what is before it ends
    std::size_t spans_end;    // into spans_
    std::size_t bytes;        // of the ScopeSpans body
  };
  struct resource_part {
    std::size_t envelope_end; // into pieces_
    std::size_t scopes_end;   // into scopes_
    std::size_t envelope_bytes;
  };

  std::size_t append_envelope(const std::string_view* pieces, std::size_t count);
  std::size_t bytes_of(const resource_part& r, std::size_t first_scope) const noexcept;
  void write_scope(std::string& out, std::size_t scope, std::size_t piece, std::size_t span) const;

  std::vector<std::string_view> pieces_;
  std::vector<std::string_view> spans_;
  std::vector<scope_part> scopes_;
  std::vector<resource_part> resources_;
  std::size_t size_ = 0;
};

} // namespace weir::otlp
