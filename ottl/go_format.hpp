#pragma once

#include "ottl/value.hpp"

#include <string>
#include <string_view>
#include <vector>

// Texts as Go's fmt.Sprintf makes them.
namespace weir::ottl {

/// What is wrong with a format, or "". Verbs: `v d b o x X c s t e E f F g G %`, with the flags
/// `+ - 0` and space, width and precision up to 999.
std::string check_go_format(std::string_view format);

/// Appends the values as the format says; what does not fit together is said in the text, as Go
/// says it: "%!d(string=x)", "%!s(MISSING)", "%!(EXTRA int64=1)". False: a value is neither nil,
/// text, number nor boolean, or the text is over the bound of scratch_arena.
/// @pre check_go_format(format) == ""
bool go_format(std::string_view format, const std::vector<value>& values, std::string& out);

} // namespace weir::ottl
