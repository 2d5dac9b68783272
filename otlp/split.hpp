#pragma once

#include "otlp/scan.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::otlp {

/// A message of its own, and its index; into that one nothing can be scanned any more.
struct message_part {
  std::string message;
  span_index index;
};

/// Writes the indexed spans of a message anew as `count` messages, each with the resources and scopes
/// of its spans: a span goes to the part of its slot. Spans keep their order; slots are numbered anew
/// in each part. Indexes are those that index_traces() would make, without reading the bytes again. A
/// part without spans is empty.
/// @pre `part_of` has a part below `count` for each slot
std::vector<message_part> split(std::string_view message, const span_index& index,
                                const std::vector<std::uint32_t>& part_of, std::size_t count);

} // namespace weir::otlp
