#pragma once

#include "stages/sabotage.hpp"
#include "app/config.hpp"

#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace weir::app {

/// Reads the configuration again, for a reload: what is to be now, or what is wrong, line by line.
using config_reader = std::function<tl::expected<node_config, std::vector<std::string>>()>;

/// Runs a node until it is told to stop (SIGTERM, SIGINT). SIGHUP reloads its configuration.
/// Returns the process's exit code.
int run_node(const node_config& config, const config_reader& again);

/// The same, with promises broken on purpose: for tests alone.
int run_node(const node_config& config, const config_reader& again, const stages::sabotage& broken);

} // namespace weir::app
