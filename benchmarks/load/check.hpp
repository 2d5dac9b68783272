#pragma once

#include "benchmarks/load/tally.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace weir::load {

/// What a comparison of what was acknowledged with what arrived came to, in spans unless said
/// otherwise.
struct check_result {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t seen = 0;    ///< Distinct.
  std::uint64_t missing = 0; ///< Acknowledged, not seen.
  std::uint64_t foreign = 0; ///< Seen, never sent: invented or damaged on the way.
  std::uint64_t duplicates = 0;
  /// Of the duplicates, those of requests that the client sent more than once.
  std::uint64_t duplicates_of_resent = 0;
  std::uint64_t unacknowledged_seen = 0;
  /// Requests of partial success: which of their spans were refused is unknown.
  std::uint64_t uncertain_requests = 0;
  /// Traces with acknowledged spans, and how many of them arrived whole, in part, not at all.
  std::uint64_t traces = 0, traces_whole = 0, traces_part = 0, traces_none = 0;
  /// Traces that were kept here and dropped in the reference, or the other way round.
  std::optional<std::uint64_t> decided_otherwise;
};

/// Compares. `acked` is a tally of play, `seen` one of sink. `reference`, where there is one, is
/// what a sink saw of the same traffic in a run without faults: traces whose spans were all
/// acknowledged must then be there, or not, as in that run.
check_result compare(const tally& acked, const tally& seen, const tally* reference = nullptr);

std::string to_table(const check_result& result);
std::string to_json(const check_result& result);

} // namespace weir::load
