#pragma once

#include "net/client/h2_client.hpp"
#include "net/status.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

/// A google.rpc.Status message, as much of it as concerns a client.
struct rpc_status {
  std::int32_t code = 0;
  std::string message;
  std::optional<std::chrono::milliseconds> retry_delay; ///< From a RetryInfo among the details.
};

/// Reads what it can of a google.rpc.Status; nothing where the bytes are none.
std::optional<rpc_status> read_rpc_status(std::string_view message);

/// Reads a google.rpc.RetryInfo's delay. Negative ones count as 0.
std::optional<std::chrono::milliseconds> read_retry_info(std::string_view message);

/// What a call came to. A code that gRPC does not have counts as `unknown`.
struct grpc_reply {
  grpc_code code = grpc_code::unknown;
  std::string message = {};
  std::string body = {}; ///< The response message, with grpc_code::ok.
  std::optional<std::chrono::milliseconds> retry_delay = {}; ///< RetryInfo, from either trailer.
  std::size_t sent_bytes = 0; ///< The request as it went out (packed).
};

/// Reads status and message out of a finished stream, by gRPC's rules for what is missing.
/// Source: grpc's PROTOCOL-HTTP2.md and http-grpc-status-mapping.md.
grpc_reply read_grpc_reply(h2_response&& response);

} // namespace weir::net
