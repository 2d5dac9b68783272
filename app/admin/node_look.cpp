#include "app/admin/node_look.hpp"

#include "core/metrics.hpp"

#include <algorithm>

namespace weir::app {

namespace {

using families = std::vector<prometheus::MetricFamily>;

double value_of(const prometheus::MetricFamily& family, const prometheus::ClientMetric& metric) {
  return family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
}

/// Whether it has `label` with this value; without a label all have.
bool has(const prometheus::ClientMetric& metric, std::string_view label, std::string_view value) {
  return label.empty() || std::ranges::any_of(metric.label, [&](const auto& one) {
           return one.name == label && one.value == value;
         });
}

template <class Fold>
double fold(const families& measured, std::string_view name, Fold&& both,
            std::string_view label = {}, std::string_view value = {}) {
  double result = 0;
  for (const auto& family : measured)
    if (family.name == name)
      for (const auto& metric : family.metric)
        if (has(metric, label, value))
          result = both(result, value_of(family, metric));
  return result;
}

std::uint64_t sum(const families& measured, std::string_view name, std::string_view label = {},
                  std::string_view value = {}) {
  const auto total = fold(measured, name, std::plus<>(), label, value);
  return total > 0 ? static_cast<std::uint64_t>(total) : 0;
}

double seconds_between(unix_ns then, unix_ns now) {
  return then == 0 || now <= then
             ? 0
             : static_cast<double>(now - then) / static_cast<double>(second_ns);
}

} // namespace

void take_measures(const families& measured, node_status& node) {
  auto& window = node.window;
  window.traces = sum(measured, metrics::tail_sampling_sampling_traces_on_memory.name);
  window.spans = sum(measured, metrics::window_spans.name);
  window.bytes = sum(measured, metrics::window_packed_bytes.name)
                 + sum(measured, metrics::window_index_bytes.name);
  window.limit_bytes =
      sum(measured, metrics::limit.name, "metric", metrics::window_packed_bytes.name);
  window.oldest_seconds = fold(measured, metrics::window_oldest_undecided_seconds.name,
                               [](double a, double b) { return std::max(a, b); });
  auto& disk = node.disk;
  disk.open_entries = sum(measured, metrics::journal_open_entries.name);
  disk.open_slots = sum(measured, metrics::journal_open_slots.name);
  disk.orphaned_spans = sum(measured, metrics::journal_orphaned_spans.name);
  disk.used_bytes = sum(measured, metrics::storage_used_bytes.name);
  disk.limit_bytes = sum(measured, metrics::storage_limit_bytes.name);
  disk.free_bytes = sum(measured, metrics::storage_free_bytes.name);
  disk.damaged_records = sum(measured, metrics::storage_damaged_records.name);
  disk.dead_letters = sum(measured, metrics::dead_letters.name);
  node.split.double_decisions = sum(measured, metrics::double_decisions.name);
  node.split.insisted_slots = sum(measured, metrics::cluster_insisted_slots.name);
}

std::vector<log_status> logs_of(const std::vector<exporter_status>& known, unix_ns now) {
  std::vector<log_status> logs;
  for (const auto& one : known)
    logs.push_back({.pipeline = one.pipeline,
                    .exporter = one.exporter,
                    .health = one.health,
                    .reason = one.reason,
                    .health_seconds = seconds_between(one.since, now),
                    .waiting_items = one.waiting_items,
                    .oldest_waiting_seconds = seconds_between(one.oldest_waiting, now)});
  return logs;
}

} // namespace weir::app
