#pragma once

#include "core/error.hpp"
#include "processors/config.hpp"
#include "processors/processor.hpp"

namespace weir::processors {

/// The `redaction` processor: removes attributes that are not allowed, masks or hashes values and
/// keys that are blocked, in resources, scopes, spans and their events, data points, log records
/// and their bodies; writes a summary of it where that is asked for.
result<processor_ptr> make_redaction(const redaction_config& config);

} // namespace weir::processors
