#pragma once

#include "connectors/config.hpp"
#include "connectors/meter.hpp"

#include <string>

namespace weir::connectors {

/// Series that a spanmetrics connector holds at the most, over all resources and metrics, and their
/// bytes; what is beyond comes together by resource and metric, as over
/// `aggregation_cardinality_limit`.
inline constexpr std::size_t max_series = 250'000;
inline constexpr std::size_t max_series_bytes = 512 << 20;
/// Exemplars from one flush to the next; what is beyond is not named.
inline constexpr std::size_t max_exemplars = 100'000;

/// `spanmetrics`: counts of spans, their durations, and their events. `instance` tells the node's
/// series from those of others (`collector.instance.id`).
meter_ptr make_spanmetrics(const spanmetrics_config& config, const std::string& instance);

} // namespace weir::connectors
