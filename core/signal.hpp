#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

/// The kinds of telemetry. The values are on disk: never renumber.
enum class signal : std::uint8_t { traces = 1, metrics = 2, logs = 3 };

/// "traces", "metrics" or "logs".
constexpr std::string_view to_string(signal s) noexcept {
  switch (s) {
  case signal::traces:
    return "traces";
  case signal::metrics:
    return "metrics";
  case signal::logs:
    return "logs";
  }
  return "unknown";
}

} // namespace weir
