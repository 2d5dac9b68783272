#pragma once

#include "app/config/option.hpp"
#include "net/header_text.hpp"

#include <string_view>

namespace weir::app {

/// Headers that cannot be sent as they are, are errors; those that the transport writes itself have
/// no effect, which is said. `key`: the option that holds them.
void check_headers(const section& map, std::string_view key, const text_map& headers,
                   net::header_rules rules);

/// The same for a header that several options make, or for a text that stands in one.
void check_header(const section& map, std::string_view key, std::string_view name,
                  std::string_view value, net::header_rules rules);

/// Blanks, line ends or other control characters, which no URL or host has.
bool has_invisible_bytes(std::string_view text);

} // namespace weir::app
