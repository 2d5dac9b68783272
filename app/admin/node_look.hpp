#pragma once

#include "app/admin/node_status.hpp"
#include "core/clock.hpp"

#include <prometheus/metric_family.h>
#include <vector>

namespace weir::app {

/// What a node's metrics say of its window and its disk. Metrics that are not there count as 0.
/// Pure.
void take_measures(const std::vector<prometheus::MetricFamily>& measured, node_status& node);

/// The exporters as they are at `now`. Pure.
std::vector<log_status> logs_of(const std::vector<exporter_status>& known, unix_ns now);

} // namespace weir::app
