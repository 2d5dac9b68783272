#pragma once

#include "otlp/scan.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace weir::actors {

/// Writes the indexed spans of a message anew, in pieces of at most `limit` bytes (a piece holds at
/// least one span), and gives each to `take`. For requests of which some spans were rejected, or that
/// are too large for one entry or block.
void rewrite(std::string_view message, const otlp::span_index& index, std::size_t limit,
             const std::function<void(std::string piece, std::uint64_t spans)>& take);

} // namespace weir::actors
