#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::bench {

struct recorded_span {
  std::uint32_t resource = 0; ///< Numbers of envelopes.
  std::uint32_t scope = 0;
  std::string_view body;
  std::uint64_t end_ns = 0;
};

/// Recorded spans as a tail sampler that keeps everything would hand them to the log: the spans of
/// a trace together, in order of their end; the traces in order of the end of their first span.
struct recorded_traces {
  std::string message;                ///< Holds the bodies.
  std::vector<std::string> envelopes; ///< Distinct ones, of resources and scopes.
  std::vector<std::vector<recorded_span>> traces;
  std::size_t spans = 0;
  std::size_t span_bytes = 0;
};

/// The traces of $WEIR_DATA/hipstershop-traces.otlp.zst, else of ../shared/data; none where there
/// is no such file.
const recorded_traces& hipstershop();

} // namespace weir::bench
