#pragma once

#include "core/signal.hpp"

#include <map>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <string>
#include <string_view>

// The metrics that the node shows on its Prometheus page. Each is a constant, declared once in
// metric_table.inc with its labels, its meaning and what to alert on; docs/metrics.md is written
// from there. Instruments live as long as the process: look one up once (with()) and keep the
// reference. Updating a counter or a gauge takes no lock, a histogram takes one.
namespace weir::metrics {

using labels = std::map<std::string, std::string>;

/// A metric that only rises.
struct counter_metric {
  const char* name;
  const char* help;
  /// The instrument with these labels. Any thread.
  prometheus::Counter& with(const labels& values = {}) const;
};

/// A metric that rises and falls.
struct gauge_metric {
  const char* name;
  const char* help;
  prometheus::Gauge& with(const labels& values = {}) const;
};

/// A distribution; its buckets are in the table.
struct histogram_metric {
  const char* name;
  const char* help;
  const prometheus::Histogram::BucketBoundaries& (*buckets)();
  prometheus::Histogram& with(const labels& values = {}) const;
};

/// Bounds of buckets, in seconds, from 0.5 ms to 10 s.
const prometheus::Histogram::BucketBoundaries& latency_buckets();

/// The Collector's for runs of decisions, in milliseconds.
const prometheus::Histogram::BucketBoundaries& decision_run_buckets();

#define WEIR_METRIC_GROUP(title)
#define WEIR_COUNTER(constant, name, labels, help, alert)                                          \
  inline constexpr counter_metric constant{name, help};
#define WEIR_GAUGE(constant, name, labels, help, alert)                                            \
  inline constexpr gauge_metric constant{name, help};
#define WEIR_HISTOGRAM(constant, name, labels, help, alert, buckets)                               \
  inline constexpr histogram_metric constant{name, help, buckets};
#include "core/metric_table.inc"
#undef WEIR_METRIC_GROUP
#undef WEIR_COUNTER
#undef WEIR_GAUGE
#undef WEIR_HISTOGRAM

/// The metrics of one kind, one a signal: of spans, of metric points, of log records.
struct by_signal {
  const counter_metric& spans;
  const counter_metric& points;
  const counter_metric& records;
  const counter_metric& of(signal kind) const noexcept;
};
inline constexpr by_signal receiver_accepted{
    receiver_accepted_spans, receiver_accepted_metric_points, receiver_accepted_log_records};
inline constexpr by_signal receiver_refused_items{
    receiver_refused_spans, receiver_refused_metric_points, receiver_refused_log_records};
inline constexpr by_signal exporter_sent{exporter_sent_spans, exporter_sent_metric_points,
                                         exporter_sent_log_records};
inline constexpr by_signal exporter_send_failed{exporter_send_failed_spans,
                                                exporter_send_failed_metric_points,
                                                exporter_send_failed_log_records};

/// The page in Prometheus' text format 0.0.4. Any thread.
std::string render();

/// docs/metrics.md: every metric with type, unit, labels, meaning and what to alert on.
std::string reference();

} // namespace weir::metrics
