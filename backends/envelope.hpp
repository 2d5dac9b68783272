#pragma once

#include "core/signal.hpp"

#include <cstdint>
#include <string_view>

namespace weir::backends {

/// The least bytes that a message with one item of this one takes: the item with its resource,
/// scope and (data points) metric around it. However the message is cut, no part is smaller. 0: it
/// has no items. A tag and a length less, each, where lengths get shorter. @pre the bytes were
/// checked
std::uint64_t least_item_bytes(weir::signal kind, std::string_view message);

} // namespace weir::backends
