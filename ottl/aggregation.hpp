#pragma once

#include "otlp/schema.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Data points of one kind that become one.
namespace weir::editing {
class made_items;
}

namespace weir::ottl {

/// How the values of number points become one; histograms always add up.
enum class aggregation : std::uint8_t { sum, mean, min, max, median, count };

std::optional<aggregation> aggregation_named(std::string_view name) noexcept;

/// What tells points apart that cannot be merged: time, attributes (as JSON: numbers of both types
/// are alike), start with `by_start`, and for histograms how they are made.
std::string merge_key(otlp::message_id kind, std::string_view point, bool by_start);

/// The first of the points with what the others add to it: the earliest start, one value, counts
/// and exemplars. Nothing: it would be too large, as `room` has it.
std::optional<std::string> merge_points(otlp::message_id kind,
                                        const std::vector<std::string_view>& points,
                                        aggregation aggregation, editing::made_items& room);

} // namespace weir::ottl
