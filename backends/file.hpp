#pragma once

#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/error.hpp"

#include <memory>
#include <string>

namespace weir::backends {

/// The `file` exporter: each request is a record, a line of OTLP/JSON or, as protobuf or packed by
/// zstd, a message behind its length (output_file.hpp). A request is delivered once its record was
/// handed to the operating system, so `flush_interval` has nothing to do, and the cursor is written
/// behind that. After a write that failed (disk full) the file is cut back to whole records, and
/// the request is to be sent again. errc::io: the file cannot be opened, with the system's reason;
/// errc::invalid_argument: a setting that cannot work.
result<std::unique_ptr<sender>> make_file_sender(const std::string& id, const file_config& config);

} // namespace weir::backends
