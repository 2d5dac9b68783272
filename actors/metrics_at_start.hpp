#pragma once

#include "actors/node.hpp"

namespace weir::actors {

/// Bytes of durable entries that the intake has handed on and the origin has not looked at.
inline constexpr std::uint64_t max_handed_bytes = 32 << 20;

/// Puts on the metrics page what nobody has counted yet, with 0, so that an alert sees the first
/// increase; and weir_limit: each bound of ARCHITECTURE.md's table beside the metric that is held
/// to it. At a start and after each reload.
void show_metrics_at_start(const node_plan& plan);

} // namespace weir::actors
