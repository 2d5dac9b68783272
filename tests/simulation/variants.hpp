#pragma once

#include "cluster_world.hpp"

namespace weir::simulation {

/// A cluster that breaks a promise, and what has to happen for that to be seen.
struct broken_variant {
  const char* name; ///< As weir-sim --broken takes it.
  const char* faults;
  unsigned fault_one_in; ///< Steps.
  unsigned patience;     ///< It is caught within so many seeds.
  void (*spoil)(cluster_options&);
};

const std::vector<broken_variant>& broken_variants();

/// The members that a seed begins with.
constexpr unsigned members_of(std::uint64_t seed) {
  return 1 + static_cast<unsigned>(seed % 4);
}

/// What a run says; nothing: all promises were kept. Adds up what happened.
std::optional<std::string> complaint(const cluster_options& options, cluster_report& all);

} // namespace weir::simulation
