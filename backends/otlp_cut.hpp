#pragma once

#include "core/error.hpp"
#include "core/signal.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::backends {

/// Items (spans, data points, log records) of an OTLP message, field 1000 in the place of
/// scope_spans counted as the scan does. errc::corrupt: not protobuf.
result<std::uint64_t> count_items(weir::signal kind, std::string_view message);

/// How many messages stand on each level.
struct level_counts {
  std::uint64_t resources = 0;
  std::uint64_t metrics = 0; ///< Of the signal metrics alone.
  std::uint64_t items = 0;
};
result<level_counts> count_levels(weir::signal kind, std::string_view message);

/// Appends to `out` the message that holds items [first, last) of `message`, each with its
/// resource, scope and (data points) metric around it. Everything that is not an item or around one
/// stays as it is, unknown fields included; what has no items at all goes with the item behind it,
/// or with the last one. Pieces that follow each other hold each item once. errc::corrupt: not
/// protobuf.
result<void> cut_items(weir::signal kind, std::string_view message, std::uint64_t first,
                       std::uint64_t last, std::string& out);

} // namespace weir::backends
