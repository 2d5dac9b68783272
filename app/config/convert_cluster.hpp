#pragma once

#include "app/config/convert.hpp"

#include <span>

namespace weir::app {

/// The block `cluster` of the nodes that take the place of the samplers behind load balancing: they
/// join each other where the `resolver` found the samplers, and are as open to each other as the
/// tiers were. Null: nothing balances load, or the file has a block of its own.
yaml_value cluster_of(std::span<const tier> tiers, convert_notes& notes);

} // namespace weir::app
