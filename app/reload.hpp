#pragma once

#include "app/config.hpp"

#include <string>
#include <vector>

namespace weir::app {

/// What differs between two configurations and cannot change while a node runs: one line each, with
/// the path of the option.
std::vector<std::string> needs_restart(const node_config& now, const node_config& wanted);

} // namespace weir::app
