#pragma once

#include "core/error.hpp"

#include <string>
#include <string_view>

namespace weir::net {

/// Where a gRPC client connects to.
struct grpc_endpoint {
  std::string host; ///< Without brackets.
  std::string port;
  std::string authority; ///< host:port as it was written.
  bool plain = false;    ///< http://
};

/// Reads "host:port", "[::1]:4317", "http://host:port/", "https://...", "dns:///host:port".
result<grpc_endpoint> parse_grpc_endpoint(std::string_view text);

} // namespace weir::net
