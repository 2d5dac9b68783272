#pragma once

#include "net/link/credentials.hpp"
#include "net/link/link.hpp"

#include <grpcpp/channel.h>
#include <memory>
#include <string>

namespace weir::net {

/// A connection of its own to another node's cluster port, made with the first call: for net/link/
/// alone.
std::shared_ptr<grpc::Channel> open_channel(const std::string& address,
                                            const link_credentials& credentials,
                                            const link_limits& limits);

} // namespace weir::net
