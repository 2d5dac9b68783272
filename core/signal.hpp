#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

/// The kinds of telemetry. The values are on disk: never renumber.
enum class signal : std::uint8_t { traces = 1, metrics = 2, logs = 3 };

/// "traces", "metrics" or "logs".
constexpr std::string_view to_string(signal s) noexcept {
  switch (s) {
  case signal::traces: return "traces";
  case signal::metrics: return "metrics";
  case signal::logs: return "logs";
  }
  return "unknown";
}

/// What one item of a signal is called in the Collector's metric names: "spans", "metric_points",
/// "log_records".
constexpr std::string_view items_name(signal s) noexcept {
  switch (s) {
  case signal::traces: return "spans";
  case signal::metrics: return "metric_points";
  case signal::logs: return "log_records";
  }
  return "items";
}

} // namespace weir
