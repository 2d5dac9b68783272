#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::processors::ottl {

/// What is wrong with a time format, or "". Directives: %Y %m %d %H %I %M %S %f %L %p %b %B %h %e %j
/// %y %z %T %D %F %% (of these %f is a fraction of 1 to 9 digits, %L of 3).
std::string check_time_format(std::string_view format);

/// Nanoseconds since 1970 of a text in that format; UTC where it has no %z. Nothing where the text
/// does not fit, names a day that is not there, or a time that 64 bits do not hold.
std::optional<std::int64_t> parse_time(std::string_view text, std::string_view format);

} // namespace weir::processors::ottl
