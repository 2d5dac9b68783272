#pragma once

#include "core/signal.hpp"

#include <string>
#include <string_view>

// The texts of the Collector's debug exporter, line for line. Bytes that are not OTLP end the text
// where they stand.
namespace weir::backends {

/// Verbosity normal: a line for each resource, scope and item.
std::string normal_text(weir::signal kind, std::string_view message);

/// Verbosity detailed: every field of every item.
std::string detailed_text(weir::signal kind, std::string_view message);

} // namespace weir::backends
