#pragma once

#include "actors/sabotage.hpp"
#include "app/config.hpp"

namespace weir::app {

/// Runs a node until it is told to stop (SIGTERM, SIGINT). Returns the process's exit code.
int run_node(const node_config& config);

/// The same, with promises broken on purpose: for tests alone.
int run_node(const node_config& config, const actors::sabotage& broken);

} // namespace weir::app
