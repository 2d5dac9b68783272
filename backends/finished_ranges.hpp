#pragma once

#include "backends/ranges.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

// What an exporter has finished beyond its cursor, as bytes:
//
//   format u8 (1) | count varint | so often: a range, as four varints:
//   first position less the last one before it, first item, last position less the first, last item
namespace weir::backends {

/// More ranges are not written, nor read: what lies in them is sent again after a kill.
inline constexpr std::size_t max_finished_ranges = 16 << 10;

/// @pre ranges rise and do not overlap. Those above the limit are left out, from the end.
std::string encode_finished(std::span<const place_range> ranges);

/// Nothing where the bytes are none, or of a newer format: then all of it is sent again. Ranges
/// that reach beyond `end` are cut there: a damaged log gives the places of lost blocks to others.
std::vector<place_range> decode_finished(std::string_view bytes, const log_place& end);

} // namespace weir::backends
