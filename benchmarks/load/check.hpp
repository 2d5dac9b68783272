#pragma once

#include "benchmarks/load/tally.hpp"

#include <cstdint>
#include <string>

namespace weir::load {

/// What a comparison of what was acknowledged with what arrived came to, in spans unless said
/// otherwise.
struct check_result {
  std::uint64_t sent = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t seen = 0;       ///< Distinct.
  std::uint64_t missing = 0;    ///< Acknowledged, not seen.
  std::uint64_t foreign = 0;    ///< Seen, never sent: invented or damaged on the way.
  std::uint64_t duplicates = 0; ///< Seen again.
  std::uint64_t duplicates_of_resent =
      0; ///< Of these, of requests that the client sent more than once.
  std::uint64_t unacknowledged_seen = 0; ///< Sent, never acknowledged, and yet there.
  std::uint64_t uncertain_requests =
      0; ///< Of partial success: which spans were refused is unknown.
  std::uint64_t traces = 0, traces_whole = 0, traces_part = 0,
                traces_none = 0; ///< Of acknowledged spans.
};

/// Compares. `acked` is a tally of play, `seen` one of sink.
check_result compare(const tally& acked, const tally& seen);

std::string to_table(const check_result& result);
std::string to_json(const check_result& result);

} // namespace weir::load
