#pragma once

#include "otlp/pieces.hpp"
#include "otlp/scan.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace weir::otlp {

/// Writes the indexed spans of a message anew, in pieces that hold at least one span each, and
/// gives each to `take`. For requests of which some spans were rejected, or that are too large for
/// one entry or block. Work and what is written are within a small multiple of the message,
/// whatever its shape. Returns how many spans were left out, which with their resource and scope
/// are larger than any piece.
std::uint64_t rewrite(std::string_view message, const span_index& index, const piece_limits& limits,
                      const std::function<void(std::string piece, std::uint64_t spans)>& take);

/// The same as one message, appended to `out`.
void rewrite_whole(std::string_view message, const span_index& index, std::string& out);

} // namespace weir::otlp
