#pragma once

#include "core/error.hpp"
#include "processors/config.hpp"
#include "processors/processor.hpp"

namespace weir::processors {

/// The `span` processor: a name out of attributes, attributes out of the name, the status.
result<processor_ptr> make_span(const span_config& config, weir::signal kind);

} // namespace weir::processors
