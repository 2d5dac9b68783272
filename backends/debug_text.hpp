#pragma once

#include "core/signal.hpp"

#include <string>
#include <string_view>

// The Collector's debug exporter's texts, line for line (compared with a real one's in
// tests/system/debug_text_test.py). Bytes that are not OTLP end the text where they stand.
namespace weir::backends {

/// Verbosity normal: a line for each resource, scope and item.
std::string normal_text(weir::signal kind, std::string_view message);

/// Verbosity detailed: every field of every item.
std::string detailed_text(weir::signal kind, std::string_view message);

} // namespace weir::backends
