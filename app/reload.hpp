#pragma once

#include "app/config/load.hpp"

#include <string>
#include <vector>

namespace weir::app {

/// What differs between two configurations and cannot change while a node runs: one line each, with
/// the path of the option.
std::vector<std::string> needs_restart(const loaded_config& now, const loaded_config& wanted);

} // namespace weir::app
