#pragma once

#include "net/server/server_context.hpp"
#include "net/server/session.hpp"

namespace weir::net {

/// An HTTP/1.1 session by Boost.Beast: one request at a time, what is pipelined waits.
std::unique_ptr<session> make_h1_server(session_owner& owner,
                                        std::shared_ptr<const listener_context> listener);

} // namespace weir::net
