#pragma once

#include "actors/node.hpp"
#include "app/config.hpp"

namespace weir::app {

/// Translates a checked configuration into what the stages take: ids become indexes.
actors::node_plan plan_of(const node_config& config);

} // namespace weir::app
