#pragma once

#include "core/clock.hpp"
#include "core/ids.hpp"
#include "sampling/chance.hpp"
#include "sampling/dynamic_rates.hpp"
#include "sampling/features.hpp"
#include "sampling/predicates.hpp"
#include "sampling/probability.hpp"
#include "sampling/rate_budget.hpp"
#include "sampling/rate_share.hpp"
#include "sampling/ratio.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <variant>
#include <vector>

namespace weir::sampling {

/// Place of a sub-policy in a composite policy; `no_part` in verdicts of other policies, and where
/// it does not sample.
using part_place = std::uint32_t;
inline constexpr part_place no_part = std::numeric_limits<part_place>::max();

/// What one policy says about a trace. Failed: an error is neither one nor its opposite, so nothing
/// turns it round.
enum class vote : std::uint8_t { not_sampled, sampled, dropped, failed };

struct verdict {
  weir::sampling::vote vote = vote::not_sampled;
  /// How often it samples such a trace, whether it did or not.
  sampling::chance chance;
  part_place part = no_part; ///< Of a composite policy: the sub-policy by which it samples.
};

struct evaluator;

struct always {};

/// Duration of the trace (last end minus first start, in whole milliseconds) over `threshold_ms`
/// and, where set, at most `upper_ms`.
struct latency_over {
  std::int64_t threshold_ms = 0;
  std::int64_t upper_ms = 0; ///< 0 = none
};

/// A predicate seen on any span or resource of the trace; inverted: on none.
struct seen {
  predicate_number predicate = 0;
  bool inverted = false;
};

/// A predicate seen, and not the one behind it, which says that looking for it failed.
struct seen_unless_failed {
  predicate_number predicate = 0;
};

struct span_count_in {
  std::uint32_t min = 0;
  std::uint32_t max = 0; ///< 0 = none
};

enum class cost_unit : std::uint8_t { spans, bytes };

/// What the trace costs is taken from a budget that all shards share.
struct within_budget {
  std::shared_ptr<rate_budget> budget;
  cost_unit unit = cost_unit::spans;
};

/// All parts sample. Parts are asked in order, and no more after the first that does not.
struct all_of {
  std::vector<evaluator> parts;
  vote when_all = vote::sampled; ///< `dropped` for a drop policy.
};

struct none_of {
  std::vector<evaluator> part; ///< One; a vector since the type is not complete here.
};

/// The first part that samples decides, within the rate allotted to it.
struct composite_of {
  std::vector<evaluator> parts;
  std::shared_ptr<rate_shares> shares; ///< One share a part.
};

/// A rate by key, which follows the traffic.
struct dynamic_by_key {
  predicate_number key = 0;
  std::shared_ptr<dynamic_rates> rates;
  ratio chosen;
};

/// What any of the parts samples, and one of so many of the rest.
struct any_or_ratio {
  std::vector<evaluator> parts;
  double rate = 1; ///< 0: nothing of the rest.
  ratio chosen;
};

/// One policy, compiled. A copy shares its budgets and rates with the original.
struct evaluator {
  std::variant<always, latency_over, seen, seen_unless_failed, probability, span_count_in,
               within_budget, all_of, none_of, composite_of, dynamic_by_key, any_or_ratio>
      rule;
};

enum class spending : bool {
  yes,
  no, ///< Asks for the chance alone: spends and counts nothing.
};

verdict evaluate(const evaluator& policy, const trace_id& id, const trace_features& trace,
                 steady_ns now, spending mode = spending::yes);

/// Lets `policy` go on with the budgets and rates of `before`, which was compiled from the same
/// configuration.
void share_state(evaluator& policy, const evaluator& before);

/// The rates of the first dynamic policy in it; nullptr where there is none.
dynamic_rates* rates_in(const evaluator& policy) noexcept;

} // namespace weir::sampling
