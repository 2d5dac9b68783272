#pragma once

#include "app/config.hpp"

namespace weir::app {

/// Runs a node until it is told to stop (SIGTERM, SIGINT). Returns the process's exit code.
int run_node(const node_config& config);

} // namespace weir::app
