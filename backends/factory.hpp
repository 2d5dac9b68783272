#pragma once

#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/error.hpp"

#include <memory>

namespace weir::backends {

/// The sender of an exporter. Opens files, connects to nothing yet. Errors name the exporter and
/// the setting that cannot work.
result<std::unique_ptr<sender>> make_sender(const exporter_config& config);

} // namespace weir::backends
