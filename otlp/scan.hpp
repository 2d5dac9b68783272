#pragma once

#include "core/error.hpp"
#include "core/ids.hpp"
#include "core/signal.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::otlp {

/// A run of bytes of a message: spans, resources and scopes are handled as these, never as objects.
struct slice {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;

  std::string_view in(std::string_view message) const noexcept {
    return message.substr(offset, length);
  }
};

/// One span: the body of its Span message (without tag and length), where it belongs.
struct span_ref {
  slice body;
  std::uint32_t group = 0; ///< Index into span_index::groups.
  weir::slot slot = 0;     ///< Its trace, numbered by first appearance.
};

/// One (resource, scope) pair. An envelope is every field of the ResourceSpans (ScopeSpans) message
/// but the scope_spans (spans) themselves, in wire order: a handful of slices, mostly one. Keeping
/// them as they came keeps unknown fields.
struct span_group {
  std::uint32_t first_resource_slice = 0; ///< Into span_index::slices.
  std::uint32_t resource_slices = 0;
  std::uint32_t first_scope_slice = 0; ///< Into span_index::slices.
  std::uint32_t scope_slices = 0;
};

/// Why bytes are not OTLP.
struct parse_error {
  std::size_t offset = 0; ///< Byte of the message at which it went wrong.
  std::string path;       ///< "resource_spans[0].scope_spans[1].spans[3].attributes[2].value".
  std::string reason;     ///< What was found and what was expected.
};

/// "at byte 17, resource_spans[0].resource: length 40 runs past the end (12 bytes left)".
std::string to_string(const parse_error& e);

/// What may come in. Spans over these are left out and counted; the rest of the request is taken.
struct scan_limits {
  std::uint32_t max_span_bytes = 1 << 20;
  /// Of an envelope: all of a resource's (scope's, metric's) message but what it is around. What
  /// lies in larger ones is left out and counted, since every piece of a request repeats them.
  std::uint32_t max_envelope_bytes = 1 << 20;
  /// Messages inside messages; deeper is a parse error. Protobuf's own parsers refuse more than
  /// 100.
  std::uint32_t max_depth = 100;
  /// Strings must be UTF-8, as protobuf demands: a back end that checks would refuse a whole
  /// request.
  bool check_utf8 = true;
};

/// Spans left out of an index, by reason.
struct rejected_spans {
  std::uint32_t too_large = 0;
  /// Not 16 bytes, all zero, or an id that stands there twice; in a link: neither 16 bytes nor
  /// none.
  std::uint32_t bad_trace_id = 0;
  /// Not 8 bytes, or all zero; in a link, or of a parent: neither 8 bytes nor none.
  std::uint32_t bad_span_id = 0;
  std::uint32_t bad_utf8 = 0;       ///< A string in it is not UTF-8.
  std::uint32_t large_envelope = 0; ///< In a resource or scope over max_envelope_bytes.
  /// With what is around it, larger than anything can hold: processors made it so.
  std::uint32_t outgrown = 0;

  std::uint32_t total() const noexcept {
    return too_large + bad_trace_id + bad_span_id + bad_utf8 + large_envelope + outgrown;
  }

  rejected_spans& operator+=(const rejected_spans& other) noexcept {
    too_large += other.too_large;
    bad_trace_id += other.bad_trace_id;
    bad_span_id += other.bad_span_id;
    bad_utf8 += other.bad_utf8;
    large_envelope += other.large_envelope;
    outgrown += other.outgrown;
    return *this;
  }
};

/// The spans of one entry: of the messages scanned into it, which lie behind each other in one
/// buffer. Plain arrays that keep their capacity: a steady state allocates nothing. One thread at a
/// time.
class span_index {
public:
  std::vector<span_ref> spans;
  std::vector<span_group> groups;
  std::vector<slice> slices;
  std::vector<trace_id> traces; ///< By slot.

  void clear();

  /// The slot of a trace: its own where it has one, else the next.
  slot slot_of(const trace_id& id);

  struct mark {
    std::size_t spans, groups, slices, traces;
  };
  /// The present end, for roll_back().
  mark position() const noexcept;
  /// Forgets everything after `m` (a request that turned out malformed).
  void roll_back(const mark& m);

private:
  friend class span_walker;

  std::size_t place_of(const trace_id& id) const noexcept;
  void grow();

  // Open addressing over `traces`, at most half full: a generation in the upper half, a slot in the
  // lower. An old generation means empty, so that clear() costs nothing however large the table is.
  std::vector<std::uint64_t> table_;
  std::uint32_t generation_ = 1;

  // Envelopes and deprecated fields of the resource and scope in hand.
  std::vector<slice> resource_envelope_;
  std::vector<slice> scope_envelope_;
  std::vector<slice> old_scopes_;
};

/// Checks one OTLP traces message (TracesData = ExportTraceServiceRequest) deeply, all the way down
/// to attribute values, and adds its spans to `index`, with offsets counted from `base` bytes
/// before `message`. On an error `index` is as it was. Field 1000 (instrumentation_library_spans)
/// counts as scope_spans where a ResourceSpans has none of those. Source: opentelemetry-proto
/// trace/v1, common/v1, resource/v1.
tl::expected<rejected_spans, parse_error> scan_traces(std::string_view message, std::uint32_t base,
                                                      const scan_limits& limits, span_index& index);

/// The same over bytes that were checked before and hold no rejected span (an entry read back): no
/// deep check, and the same index as scan_traces makes of them. Corrupt bytes cannot make it read
/// outside `message`; they may give spans that make no sense, or false, and then `index` is as it
/// was.
bool index_traces(std::string_view message, std::uint32_t base, span_index& index);

/// Checks a metrics or logs message deeply; returns its number of data points (log records).
tl::expected<std::uint64_t, parse_error> check_items(signal kind, std::string_view message,
                                                     const scan_limits& limits);

} // namespace weir::otlp
