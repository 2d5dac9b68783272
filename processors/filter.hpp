#pragma once

#include "core/error.hpp"
#include "core/signal.hpp"
#include "processors/ottl_config.hpp"
#include "processors/processor.hpp"

#include <string>
#include <vector>

namespace weir::processors {

/// `filter`: drops the spans, span events, metrics, data points, log records, and whole resources
/// and scopes, for which a condition holds. One processor a group of conditions, to stand in this
/// order; none where the file asks nothing of the signal. `id` names it in log lines.
/// errc::invalid_argument with place and reason for a condition that is wrong.
result<std::vector<processor_ptr>> make_filter(const filter_config& config, weir::signal kind,
                                               const std::string& id);

/// The conditions that say what `metrics.include` (negated) and `metrics.exclude` say.
struct match_conditions {
  std::vector<std::string> resource;
  std::vector<std::string> metric;
};
result<match_conditions> conditions_of(const metric_match_config& match, bool negated);

} // namespace weir::processors
