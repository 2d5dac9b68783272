#pragma once

#include "backends/sender.hpp"

#include <memory>

namespace weir::backends {

/// The `nop` exporter: takes everything and forgets it.
std::unique_ptr<sender> make_nop_sender();

} // namespace weir::backends
