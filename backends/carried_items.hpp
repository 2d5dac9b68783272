#pragma once

#include "core/signal.hpp"
#include "otlp/carried.hpp"

#include <string>
#include <string_view>

namespace weir::backends {

/// What the items of an OTLP message carry (otlp/carried.hpp), and the message without it, appended
/// to `out` where any does. Resources without items have no say: a cut puts them beside items of
/// others. @pre the bytes were checked
otlp::carried take_carried_of_items(weir::signal kind, std::string_view message, std::string& out);

} // namespace weir::backends
