#pragma once

#include <string>
#include <string_view>

namespace weir {

/// `text` between quotes, escaped for JSON; bytes that are not UTF-8 become U+FFFD.
std::string quote_json(std::string_view text);

} // namespace weir
