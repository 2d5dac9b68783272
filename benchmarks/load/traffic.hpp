#pragma once

#include "core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::load {

/// A request that can be sent again and again: its bytes, and where in them stands what changes
/// from round to round. Offsets count from the start of `bytes`.
struct request_template {
  struct span_place {
    std::uint32_t trace = 0; ///< Of the 16 bytes of the trace id.
    std::uint32_t span = 0;  ///< Of the 8 bytes of the span id.
  };
  std::string bytes;
  std::vector<span_place> spans;
  std::vector<std::uint32_t> linked_traces; ///< Trace ids in links.
  std::vector<std::uint32_t> times;         ///< fixed64: starts, ends, events.
  std::uint64_t last_end_ns = 0;            ///< Of its spans, as recorded.
};

/// What one round changes: trace ids are XORed, times moved.
struct round_stamp {
  std::uint64_t mask_low = 0;
  std::uint64_t mask_high = 0;
  std::uint64_t shift_ns = 0; ///< Modulo 2^64, so backwards as well.
};

/// The stamp of a round. Round 0 leaves trace ids as they were recorded; every other one has its
/// own.
round_stamp stamp_of(std::uint64_t round, std::uint64_t shift_ns);

/// Appends the request, stamped, to `out`.
void append_stamped(const request_template& request, const round_stamp& stamp, std::string& out);

/// Appends (trace id, span id) of each span of a stamped request, 24 bytes each.
void append_ids(const request_template& request, std::string_view stamped, std::string& out);

/// The requests of one round, in the order in which they are sent.
struct traffic {
  std::vector<request_template> requests;
  std::uint64_t spans = 0;
  std::uint64_t last_end_ns = 0;
};

/// Cuts OTLP TracesData messages into requests as SDKs would send them: each of one resource, at
/// most `spans_per_request` spans, in order of end time.
result<traffic> cut_requests(const std::vector<std::string_view>& messages,
                             std::size_t spans_per_request);

/// Counts the spans of a request without looking into them.
std::uint64_t count_spans(std::string_view request);

/// Appends (trace id, span id) of each span, 24 bytes each, ids of another length as zeros.
/// False when the bytes are no OTLP traces message.
bool read_ids(std::string_view request, std::string& out);

} // namespace weir::load
