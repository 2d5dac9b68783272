#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::ottl {

/// Nanoseconds since 1970 of a text in that format; UTC where it has no zone, the year of `now` (or
/// the one before, where that would be more than a week ahead) where it has no year. As Go reads
/// times: numbers may come without their zeros and behind white space, a fraction may be absent or
/// longer. Nothing where the text does not fit, names a day that is not there, or a time that 64
/// bits do not hold. @pre check_time_format(format) == ""
std::optional<std::int64_t> parse_time(std::string_view text, std::string_view format, unix_ns now);

} // namespace weir::ottl
