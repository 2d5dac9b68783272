#pragma once

#include "app/config/load.hpp"
#include "stages/sabotage.hpp"

#include <functional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace weir::app {

/// Reads the configuration again, for a reload: what is to be now, or what is wrong, line by line.
using config_reader = std::function<tl::expected<loaded_config, std::vector<std::string>>()>;

/// Runs a node until it is told to stop (SIGTERM, SIGINT). SIGHUP reloads its configuration.
/// Returns the process's exit code.
int run_node(const loaded_config& loaded, const config_reader& again);

/// The same, with promises broken on purpose: for tests alone.
int run_node(const loaded_config& loaded, const config_reader& again,
             const stages::sabotage& broken);

} // namespace weir::app
