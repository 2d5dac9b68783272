#pragma once

#include "app/config/yaml.hpp"

#include <span>
#include <string>

namespace weir::app {

/// Adds addresses, as `weir run --join` gives them, to `cluster.join`; makes the block where there
/// is none. What they are is checked with the rest of the block.
/// @pre references in the tree are replaced
void add_seeds(yaml_value& tree, std::span<const std::string> seeds, diagnostics& out);

} // namespace weir::app
