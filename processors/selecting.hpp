#pragma once

#include "core/error.hpp"
#include "processors/config.hpp"
#include "processors/processor.hpp"

#include <optional>

namespace weir::processors {

/// The form that `filter` had before conditions: drops the spans (log records) that `include` does
/// not match, and those that `exclude` does. errc::invalid_argument as selection::compile().
result<processor_ptr> make_selecting(const std::optional<match_config>& include,
                                     const std::optional<match_config>& exclude, weir::signal kind);

} // namespace weir::processors
