#pragma once

#include "core/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Consistent probability sampling: of two samplers that see the same trace, the one with the higher
// probability keeps whatever the other keeps. A trace has a randomness R of 56 bits, a sampler a
// threshold T; it keeps the trace if R >= T, and says T in the tracestate ("ot=th:c" is 25 %).
// Source: https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/
namespace weir::sampling {

/// One more than the largest randomness: the threshold that keeps nothing.
inline constexpr std::uint64_t all_randomness = 1ULL << 56;

/// The threshold that keeps one of `sampling_rate` traces, to four significant hex digits; 0 (all)
/// for rates up to 1.
std::uint64_t threshold_of(double sampling_rate) noexcept;

/// How many traces one that was kept stands for. @pre `threshold < all_randomness`
double rate_of(std::uint64_t threshold) noexcept;

/// The randomness that lies in a trace id: its last 56 bits.
std::uint64_t randomness_of(const trace_id& id) noexcept;

/// A threshold as the tracestate has it: 1 to 14 hex digits without zeros at the end.
std::string threshold_text(std::uint64_t threshold);

/// What the `ot` member of a tracestate says about sampling.
struct sampling_state {
  std::optional<std::uint64_t> threshold;  ///< `th`
  std::optional<std::uint64_t> randomness; ///< `rv`: counts instead of the trace id's.
};

/// Of a tracestate without that member, or with one that is not valid: nothing.
sampling_state read_sampling_state(std::string_view trace_state) noexcept;

/// The tracestate with `th` set in its `ot` member (none: taken out), which comes first then, as
/// W3C asks of what was changed; other members and sub keys stay. A list that is not valid stays as
/// it is. Source: https://www.w3.org/TR/trace-context-1/#mutating-the-tracestate-field
std::string with_threshold(std::string_view trace_state, std::optional<std::uint64_t> threshold);

} // namespace weir::sampling
