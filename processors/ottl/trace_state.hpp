#pragma once

#include "processors/ottl/scratch_arena.hpp"

#include <optional>
#include <string_view>

namespace weir::processors::ottl {

/// The value of a member of a W3C trace state, "" where it has no such member. Nothing where the
/// text is no trace state. Source: W3C Trace Context, "tracestate".
std::optional<std::string_view> trace_state_member(std::string_view state, std::string_view key);

/// Puts a member in front, as the specification asks of who changes one. False where text, key or
/// value are none of a trace state: nothing was written then.
bool put_trace_state_member(std::string_view state, std::string_view key, std::string_view value,
                            text_builder& out);

} // namespace weir::processors::ottl
