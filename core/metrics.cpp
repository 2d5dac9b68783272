#include "core/metrics.hpp"

#include "core/metric_values.hpp"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <sstream>

namespace weir::metrics {

namespace {

prometheus::Registry& registry() {
  static prometheus::Registry instance;
  return instance;
}

} // namespace

prometheus::Counter& counter_metric::with(const labels& values) const {
  return prometheus::BuildCounter().Name(name).Help(help).Register(registry()).Add(values);
}

prometheus::Gauge& gauge_metric::with(const labels& values) const {
  return prometheus::BuildGauge().Name(name).Help(help).Register(registry()).Add(values);
}

prometheus::Histogram& histogram_metric::with(const labels& values) const {
  return prometheus::BuildHistogram()
      .Name(name)
      .Help(help)
      .Register(registry())
      .Add(values, buckets());
}

const prometheus::Histogram::BucketBoundaries& latency_buckets() {
  static const prometheus::Histogram::BucketBoundaries bounds = {
      0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
  return bounds;
}

const prometheus::Histogram::BucketBoundaries& decision_run_buckets() {
  static const prometheus::Histogram::BucketBoundaries bounds = {
      1, 2, 5, 10, 25, 50, 75, 100, 150, 200, 500, 1000, 2000, 5000, 10000, 30000};
  return bounds;
}

const counter_metric& by_signal::of(signal kind) const noexcept {
  switch (kind) {
  case signal::metrics:
    return points;
  case signal::logs:
    return records;
  default:
    return spans;
  }
}

std::vector<prometheus::MetricFamily> collect() {
  return registry().Collect();
}

std::string render() {
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, collect());
  return out.str();
}

} // namespace weir::metrics
