#pragma once

#include "ottl/scratch_arena.hpp"

#include <string_view>

namespace weir::ottl {

/// Puts a member in front of a W3C trace state, as the specification asks of who changes one. False
/// where text, key or value are none of a trace state: nothing was written then.
bool put_trace_state_member(std::string_view state, std::string_view key, std::string_view value,
                            text_builder& out);

} // namespace weir::ottl
