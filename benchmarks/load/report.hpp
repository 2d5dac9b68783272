#pragma once

#include "benchmarks/load/player.hpp"
#include "benchmarks/load/sink.hpp"

#include <string>

// What play and sink say at their end.
namespace weir::load {

std::string to_table(const play_summary& summary);
std::string to_json(const play_summary& summary);
std::string to_json(const sink_summary& summary);

} // namespace weir::load
