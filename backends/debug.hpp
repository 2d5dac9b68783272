#pragma once

#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/error.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace weir::backends {

/// The `debug` exporter: a log line for each request, as the Collector's at verbosity basic. Of the
/// lines in one second the first `sampling_initial` are written, then every
/// `sampling_thereafter`-th. errc::unsupported: another verbosity.
result<std::unique_ptr<sender>> make_debug_sender(const std::string& id,
                                                  const debug_config& config);

/// The line: "Traces" and, as a JSON object, the counts and the component.
std::string debug_line(const std::string& id, weir::signal kind, std::string_view message);

} // namespace weir::backends
