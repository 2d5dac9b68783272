#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::net {

/// By whose rules a header is written.
enum class header_rules : std::uint8_t {
  http, ///< RFC 9110, 5.5: any byte but control characters; a tab is none.
  grpc, ///< Printable ASCII, or any bytes where the name ends in `-bin` (they go out as base64).
};

/// What keeps a header from being sent as it is, with its name and without its value, which may be
/// a secret: a name that is empty or no token, a value with line ends or other invalid bytes. "":
/// nothing.
std::string wrong_header(std::string_view name, std::string_view value, header_rules rules);

/// A header that the transport writes itself, so that a second one would bend the message or be
/// refused: lengths, codings, what concerns the connection; over gRPC those of the protocol too.
bool is_transport_header(std::string_view name, header_rules rules);

} // namespace weir::net
