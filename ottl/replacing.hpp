#pragma once

#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

// What the four replacing editors share: their last two arguments, `function` and
// `replacement_format`.
namespace weir::ottl {

/// A replacement format holds `%s` once and no other directive; "" or what is wrong.
std::string check_format(const program& code, const argument& format);

/// The replacement that the arguments ask for: through the function, where there is one, and into
/// the format then.
bool make_replacement(evaluation& e, std::string_view replacement, const argument& function,
                      const argument& format, std::string_view& out);

/// Every match of a regular expression in `text` replaced. `replaced` is false where it has none.
bool replace_matches(evaluation& e, const call_info& c, std::size_t first_argument,
                     std::string_view text, bool& replaced, std::string_view& out);

} // namespace weir::ottl
