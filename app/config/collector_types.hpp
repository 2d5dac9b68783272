#pragma once

#include <string_view>

namespace weir::app {

/// Whether the Collector, or its contrib distribution, has or had a component of this type.
/// `section` is a key of the file: "receivers", "processors", "exporters", "connectors", "extensions". Types are
/// known with and without underscores (`k8sattributes`, `k8s_attributes`), as the Collector changed
/// their spelling.
bool collector_has(std::string_view section, std::string_view type);

} // namespace weir::app
