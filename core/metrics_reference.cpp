#include "core/metrics.hpp"

#include <fmt/format.h>

// Writes docs/metrics.md from the table.
namespace weir::metrics {

namespace {

constexpr std::string_view head = R"(# Metrics

<!-- Written by `weir print-config --metrics` from core/metric_table.inc; do not edit. -->

A node shows these on `service.telemetry`'s address (`:8888/metrics` by default) in Prometheus' text format.
What the Collector has carries the Collector's name, as on its default page (counters without `_total`); the rest
begins with `weir_`. Counters are there from the start of the stage that counts, with 0. Counts are of this
process: they begin at 0 at a start, but for `weir_ledger_...`, which are durable.
)";

std::string_view unit_of(std::string_view name) {
  if (constexpr std::string_view total = "_total"; name.ends_with(total))
    name.remove_suffix(total.size());
  const auto ends = [name](std::string_view end) { return name.ends_with(end); };
  if (ends("_bytes") || ends("_bytes_in_flight") || ends("_rss"))
    return "bytes";
  if (ends("_seconds") || ends("_uptime"))
    return "seconds";
  return "count";
}

void add_group(std::string& page, std::string_view title) {
  page += fmt::format("\n## {}\n\n| metric | type | unit | labels | meaning | alert on |\n"
                      "| --- | --- | --- | --- | --- | --- |\n",
                      title);
}

void add_row(std::string& page, std::string_view type, std::string_view name,
             std::string_view labels, std::string_view help, std::string_view alert) {
  page += fmt::format("| `{}` | {} | {} | {} | {} | {} |\n", name, type, unit_of(name), labels,
                      help, alert);
}

} // namespace

std::string reference() {
  std::string page(head);
#define WEIR_METRIC_GROUP(title) add_group(page, title);
#define WEIR_COUNTER(constant, name, labels, help, alert)                                          \
  add_row(page, "counter", name, labels, help, alert);
#define WEIR_GAUGE(constant, name, labels, help, alert)                                            \
  add_row(page, "gauge", name, labels, help, alert);
#define WEIR_HISTOGRAM(constant, name, labels, help, alert, buckets)                               \
  add_row(page, "histogram", name, labels, help, alert);
#include "core/metric_table.inc"
#undef WEIR_METRIC_GROUP
#undef WEIR_COUNTER
#undef WEIR_GAUGE
#undef WEIR_HISTOGRAM
  return page;
}

} // namespace weir::metrics
