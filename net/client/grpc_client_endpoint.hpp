#pragma once

#include "core/error.hpp"
#include "net/client/dns_resolver.hpp"
#include "net/client/proxies.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

/// Where a gRPC client connects to.
struct grpc_endpoint {
  std::string host; ///< Without brackets.
  std::string port;
  std::string authority;                      ///< host:port as it was written.
  bool plain = false;                         ///< http://
  std::optional<dns_server> name_server = {}; ///< dns://server/: who is asked for the name.
  std::optional<proxy_address> proxy = {};    ///< Connections go through it, by CONNECT.

  /// What is to be resolved and connected to.
  const std::string& next_host() const noexcept { return proxy ? proxy->host : host; }
  const std::string& next_port() const noexcept { return proxy ? proxy->port : port; }
};

/// Reads "host:port", "[::1]:4317", "http://host:port/", "https://...", "dns:///host:port",
/// "dns://server:53/host:port".
result<grpc_endpoint> parse_grpc_endpoint(std::string_view text);

} // namespace weir::net
