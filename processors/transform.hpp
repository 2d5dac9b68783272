#pragma once

#include "core/error.hpp"
#include "core/signal.hpp"
#include "processors/ottl_config.hpp"
#include "processors/processor.hpp"

#include <string>
#include <vector>

namespace weir::processors {

/// `transform`: runs statements over resources, scopes, spans, span events, metrics, data points or
/// log records. One processor a group of statements, to stand in this order: each sees what those
/// before it made of the whole message. `id` names it in log lines.
/// errc::invalid_argument with place and reason for a statement that is wrong.
result<std::vector<processor_ptr>> make_transform(const transform_config& config, weir::signal kind,
                                                  const std::string& id);

} // namespace weir::processors
