#pragma once

#include <string>
#include <string_view>

namespace weir {

/// `text` between quotes, escaped for JSON; bytes that are not UTF-8 become U+FFFD.
std::string quote_json(std::string_view text);

/// `text` with its control characters, and bytes that are not UTF-8, shown as `\n`, `\r`, `\x1b`:
/// it stays one line, and no terminal takes any of it for orders.
std::string without_controls(std::string_view text);

/// `text` where it looks like a URL, or like user:password@host: without the password (and the
/// user) and without the query, where keys stand. For errors.
std::string without_secrets(std::string_view text);

} // namespace weir
