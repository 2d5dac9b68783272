#pragma once

#include "net/server/server_context.hpp"
#include "net/server/session.hpp"

namespace weir::net {

/// An HTTP/2 session by nghttp2: gRPC's protocol or OTLP/HTTP on it, as the listener says.
std::unique_ptr<session> make_h2_server(session_owner& owner,
                                        std::shared_ptr<const listener_context> listener);

} // namespace weir::net
