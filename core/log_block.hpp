#pragma once

#include <string_view>

namespace weir::log {

/// Writes a text of several lines and columns at level info: on the console its line ends and tabs
/// stay, where other lines show them. For the debug exporter alone, whose purpose is to show what
/// clients sent.
void write_block(std::string_view text);

} // namespace weir::log
