#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"

#include <string>
#include <string_view>

// Moments as people write them and read them.
namespace weir::app {

/// "2026-11-20T10:00:05.5Z" and with an offset (RFC 3339), the same without one in local time, with a
/// blank for the T, without seconds, or the day alone; "-2h" and "+2h": so long before or after
/// `origin`; "now"; seconds since 1970. errc::invalid_argument, which says what can be written.
result<unix_ns> parse_time(std::string_view text, unix_ns now, unix_ns origin);

/// "2026-11-20T10:00:05.5Z", in UTC, with as many digits as there are.
std::string time_text(unix_ns time);

} // namespace weir::app
