#pragma once

#include "backends/config.hpp"

#include <algorithm>
#include <string_view>

namespace weir::backends {

/// Whether an answer with this code ("422", "INVALID_ARGUMENT") is final, as
/// `retry_on_failure.permanent_codes` says.
inline bool is_permanent(const retry_config& retry, std::string_view code) {
  return std::find(retry.permanent_codes.begin(), retry.permanent_codes.end(), code)
         != retry.permanent_codes.end();
}

} // namespace weir::backends
