#pragma once

#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/error.hpp"

#include <memory>
#include <string>

namespace weir::backends {

/// The `file` exporter: each request is a line of OTLP/JSON. A request is delivered once its line
/// was handed to the operating system, so `flush_interval` has nothing to do. After a write that
/// failed (disk full) the file is cut back to whole lines, and the request is to be sent again.
/// errc::io: the file cannot be opened, with the system's reason; errc::unsupported: another
/// format.
result<std::unique_ptr<sender>> make_file_sender(const std::string& id, const file_config& config);

} // namespace weir::backends
