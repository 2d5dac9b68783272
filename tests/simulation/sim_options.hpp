#pragma once

#include "core/error.hpp"
#include "variants.hpp"

namespace weir::simulation {

/// The command line of weir-sim, and a file of seeds/.
struct sim_options {
  static constexpr auto usage =
      "usage: weir-sim [--seed N | --seeds FIRST-LAST] [--steps M] [--members K]\n"
      "                [--faults all|none|NAME,...] [--fault-one-in STEPS] [--broken NAME] "
      "[--quiet]\n"
      "One seed prints what happens; many print a summary. Exit code 1: a promise was broken.\n";

  std::uint64_t first = 1, last = 1; ///< Seeds.
  unsigned steps = cluster_options().steps;
  unsigned members = 0;      ///< 0: by the seed.
  std::string faults;        ///< "": what the broken variant needs; without one all.
  unsigned fault_one_in = 0; ///< 0: the same.
  const broken_variant* broken = nullptr;
  bool quiet = false;

  /// Errors: errc::invalid_argument.
  static result<sim_options> parse(const std::vector<std::string>& arguments);

  cluster_options options_of(std::uint64_t seed) const;
  /// What repeats one seed.
  std::string arguments_of(std::uint64_t seed) const;

private:
  result<void> take(const std::string& name, const std::string& value);
};

} // namespace weir::simulation
