#pragma once

#include "app/config/option_group.hpp"
#include "backends/config.hpp"

#include <optional>
#include <string>

// What Weir's own options say in any exporter's block: how its log is drained, and where it begins.
namespace weir::app {

/// `drain`
struct drain_shape {
  backends::drain_order order = backends::drain_order::oldest_first;
  std::string share = "50%";
  std::string max_rate = {};
};

struct delivery_shape {
  drain_shape drain;
  std::string start_at = "end";
};

/// An exporter of kind `Kind` with what all exporters have.
template <class Kind>
struct exporter_shape {
  Kind kind;
  delivery_shape delivery;
};

const option_table<delivery_shape>& delivery_options();

/// @pre the shape was checked
void link_delivery(const delivery_shape& shape, backends::exporter_config& made);

/// "50%" as 0.5, above 0 and at most 1; nothing: it is something else.
std::optional<double> parse_share(std::string_view text);
/// "20MB/s" in bytes a second; nothing: it is something else.
std::optional<std::uint64_t> parse_rate(std::string_view text);
/// "2026-11-20T10:00:00Z", "2026-11-20T10:00:00.5+01:00" in unix nanoseconds; nothing: it is
/// something else, or before 1970.
std::optional<std::uint64_t> parse_rfc3339(std::string_view text);

} // namespace weir::app
