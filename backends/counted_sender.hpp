#pragma once

#include "backends/sender.hpp"

#include <memory>
#include <string>

namespace weir::backends {

/// A sender around another that counts what came of its requests: weir_exporter_requests_total by
/// outcome and weir_exporter_rejected_items_total, and times them: weir_exporter_request_seconds.
std::unique_ptr<sender> make_counted_sender(const std::string& id, std::unique_ptr<sender> inner);

} // namespace weir::backends
