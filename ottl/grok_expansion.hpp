#pragma once

#include "core/error.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::ottl {

/// A grok pattern as the regular expression that it stands for.
struct grok_expansion {
  std::string expression;
  std::unordered_map<std::string, std::string> types; ///< By name of the group; as written.
};

/// What stands for a dot in names of groups, which cannot have one.
inline constexpr std::string_view grok_dot = "___";

/// See grok::compile().
result<grok_expansion> expand_grok(std::string_view pattern, bool named_only,
                                   const std::vector<std::string_view>& definitions);

} // namespace weir::ottl
