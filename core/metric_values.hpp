#pragma once

#include <prometheus/metric_family.h>
#include <vector>

namespace weir::metrics {

/// Every metric that was looked up, with its value of now. Any thread.
std::vector<prometheus::MetricFamily> collect();

} // namespace weir::metrics
