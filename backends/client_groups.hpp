#pragma once

#include "core/error.hpp"
#include "core/signal.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::backends {

/// Items of a message whose clients said the same (otlp/carried.hpp).
struct client_group {
  std::string name; ///< What they said, as bytes that can be compared; never empty.
  /// Which items of the message, counted through it: [first, last), in order.
  std::vector<std::pair<std::uint64_t, std::uint64_t>> runs;
  std::uint64_t items = 0;
};

/// The groups of a message, by first appearance. @pre the bytes were checked
std::vector<client_group> group_by_client(weir::signal kind, std::string_view message);

/// Appends to `out` the part of a message that belongs to the group of this name. @returns its
/// items
std::uint64_t append_group(weir::signal kind, std::string_view message, std::string_view name,
                           std::string& out);

} // namespace weir::backends
