#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::ottl {

/// The part of a URL that a text stands in: which characters have to be escaped there.
enum class url_part : std::uint8_t { path, user, host, zone, query_parameter, fragment };

/// Writes `%41` for what may not stand there.
std::string escaped(std::string_view text, url_part part);

/// Nothing where an escape is malformed or not allowed there.
std::optional<std::string> unescaped(std::string_view text, url_part part);

/// Whether a text in a path or fragment is escaped as far as it has to be.
bool is_escaped(std::string_view text, url_part part);

} // namespace weir::ottl
