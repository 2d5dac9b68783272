#pragma once

#include "core/error.hpp"
#include "processors/config.hpp"
#include "processors/processor.hpp"

namespace weir::processors {

/// The `attributes` processor: actions on the attributes of spans, log records or data points.
result<processor_ptr> make_attributes(const attributes_config& config, weir::signal kind);

/// The `resource` processor: the same actions on resources.
result<processor_ptr> make_resource(const resource_config& config);

} // namespace weir::processors
