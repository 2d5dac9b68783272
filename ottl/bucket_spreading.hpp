#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::ottl {

/// How what an exponential histogram counts in one bucket goes to explicit ones.
enum class spreading : std::uint8_t { upper, midpoint, random, uniform };

std::optional<spreading> spreading_named(std::string_view name) noexcept;

/// Counts by bound of what a point of an exponential histogram counts above zero, and of its zeros
/// where the first bound is 0. As in the Collector there are as many counts as bounds.
/// @pre !bounds.empty()
std::vector<std::uint64_t> spread_buckets(std::string_view point, const std::vector<double>& bounds,
                                          spreading spreading);

} // namespace weir::ottl
