#pragma once

#include <string>
#include <string_view>

namespace weir::ottl {

/// What is wrong with a time format, or "". Directives: %Y %y %m %o %q %d %e %g %b %h %B %a %A %H
/// %I %l %M %S %p %P %L %f %s %z %Z %w %i %j %k %D %x %F %T %X %r %R %c %n %t %%. The fractions %L,
/// %f and %s stand behind a point or comma; there are no digits in it.
std::string check_time_format(std::string_view format);

/// The same with each directive that stands for several in their place. %C is the year behind %D,
/// of four digits or two; no format that was checked has it of itself.
std::string expanded_time_format(std::string_view format);

/// Whether a time in that format says its year.
bool has_year(std::string_view format);

} // namespace weir::ottl
