#pragma once

#include <optional>
#include <string>

namespace weir::net {

/// A URL taken apart.
struct url_parts {
  std::string text;
  std::string scheme, host, port; ///< Lower-case, without brackets; the scheme's port by default.
  std::string user, password;     ///< Without their percent signs.
  std::string shown;              ///< For messages: without user, password and query.
};

/// Nothing: the text is no URL with a host.
std::optional<url_parts> parse_url(const std::string& text);

/// The URL that a reference, such as the one of a Location header, means at another URL.
std::optional<url_parts> resolve_url(const std::string& base, const std::string& reference);

} // namespace weir::net
