#pragma once

#include "stages/replays.hpp"

namespace weir::app {

/// What of a log a replay sends, and its mark: the order's trace ids and condition, and then an
/// attribute on each span, log record or data point. Null where it asks for none of these.
/// errc::invalid_argument with the reason.
result<stages::selection_ptr> selection_of(const stages::replay_order& order, weir::signal kind);

} // namespace weir::app
