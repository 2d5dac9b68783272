#pragma once

#include "ottl/functions.hpp"
#include "ottl/syntax.hpp"

namespace weir::ottl {

/// "a whole number", for messages.
std::string_view text_of(parameter_type type) noexcept;

/// Whether a literal of that kind fits; what is not a literal is looked at when it runs.
bool literal_fits(parameter_type type, const node& given) noexcept;

} // namespace weir::ottl
