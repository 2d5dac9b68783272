#pragma once

#include "sampling/config.hpp"

#include <optional>
#include <string>

namespace weir::app {

/// A tail_sampling with the name of its processor.
struct named_sampling {
  std::string name;
  sampling::tail_sampling_config config;
};

/// One tail_sampling that keeps what two behind each other keep: those of one become a veto, `drop`
/// policies under its name, on those of the other. Traces are decided once, after both waits; of
/// two limits the lower one holds. nullopt: both have policies that cannot be turned into a veto,
/// such as rates, which may only be spent on what the one before keeps.
std::optional<sampling::tail_sampling_config> sample_by_both(const named_sampling& first,
                                                             const named_sampling& second);

} // namespace weir::app
