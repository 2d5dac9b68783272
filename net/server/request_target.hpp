#pragma once

#include <cstddef>
#include <string_view>

namespace weir::net {

/// Path and query of a request's target: of an absolute one ("http://host/path?query", as clients
/// of proxies send it; RFC 9112, 3.2.2) what stands behind the authority, of all others themselves.
std::string_view origin_form(std::string_view target) noexcept;

/// Bytes of the empty lines in front of a request, which are to be passed over (RFC 9112, 2.2): of
/// four at the most. A lone CR at the end is none yet, its LF may be on the way.
std::size_t empty_lines(std::string_view input) noexcept;

} // namespace weir::net
