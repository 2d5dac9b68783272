#pragma once

#include <map>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <string>
#include <vector>

// The metrics that the node shows on its Prometheus page. Each is declared here by name and help in
// one table (metrics.cpp), so that a name is spelled once. Instruments live as long as the process;
// look one up once and keep the reference: updating it takes no lock.
namespace weir::metrics {

using labels = std::map<std::string, std::string>;

/// The counter `name` with these labels. @pre `name` is declared in metrics.cpp as a counter
prometheus::Counter& counter(const std::string& name, const labels& with = {});

/// The gauge `name` with these labels. @pre declared as a gauge
prometheus::Gauge& gauge(const std::string& name, const labels& with = {});

/// The histogram `name` with these labels; its buckets are in the table. @pre declared
prometheus::Histogram& histogram(const std::string& name, const labels& with = {});

/// The page in Prometheus' text format 0.0.4. Any thread.
std::string render();

} // namespace weir::metrics
