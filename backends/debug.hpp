#pragma once

#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/error.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace weir::backends {

/// The `debug` exporter: a log line for each request, at verbosity normal and detailed followed by
/// the Collector's text of what is in it. Of the requests of one signal in one second the first
/// `sampling_initial` are shown, then every `sampling_thereafter`-th. Without `use_internal_logger`
/// lines go to `output_paths` instead of the log.
/// errc::invalid_argument: an unknown verbosity; errc::io: an output file cannot be opened.
result<std::unique_ptr<sender>> make_debug_sender(const std::string& id,
                                                  const debug_config& config);

/// "Traces" and, as a JSON object, the counts and (where `id` is not empty) the component.
std::string debug_line(const std::string& id, weir::signal kind, std::string_view message);

} // namespace weir::backends
