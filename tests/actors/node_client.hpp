#pragma once

#include "actors/node.hpp"
#include "tests/net/server/raw_client.hpp"

#include <fmt/format.h>
#include <string>

namespace weir::actors {

/// Sends traces to a node, one request on a connection of its own. The status of the answer:
/// "HTTP/1.1 200".
inline std::string post(const node& target, const std::string& body) {
  const auto endpoint = target.endpoints().at(0);
  const auto port = std::stoul(endpoint.substr(endpoint.rfind(':') + 1));
  net::tests::raw_connection connection(static_cast<std::uint16_t>(port));
  connection.send(fmt::format("POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: "
                              "application/x-protobuf\r\nContent-Length: {}\r\n\r\n{}",
                              body.size(), body));
  return connection.receive().substr(0, 12);
}

} // namespace weir::actors
