#pragma once

#include "core/error.hpp"
#include "core/ids.hpp"
#include "core/signal.hpp"
#include "processors/processor.hpp"

#include <span>
#include <string>

namespace weir::processors {

/// Keeps the items (spans, log records, data points) for which an OTTL condition holds, and drops
/// all others, those on which it fails too. Its context is that of the items; for metrics that of
/// data points, or, where it is none of these, of metrics. errc::invalid_argument with place and
/// reason.
result<processor_ptr> make_where(const std::string& condition, weir::signal kind);

/// Keeps the items of these traces: spans and log records. errc::invalid_argument: metrics are of no
/// trace.
result<processor_ptr> make_traces_filter(std::span<const trace_id> traces, weir::signal kind);

} // namespace weir::processors
