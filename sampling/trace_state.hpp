#pragma once

#include <optional>
#include <string_view>

namespace weir::sampling {

/// The value of `key` in a W3C tracestate ("key1=value1,key2=value2"). None where the key is not
/// there or anything in the list breaks the format: a list that is not valid counts as none.
/// Source: https://www.w3.org/TR/trace-context-1/#tracestate-header
std::optional<std::string_view> trace_state_value(std::string_view trace_state,
                                                  std::string_view key) noexcept;

} // namespace weir::sampling
