#pragma once

#include "core/clock.hpp"
#include "net/grpc_protocol.hpp"
#include "net/http_exchange.hpp"

#include <array>

namespace weir::net {

/// One request on an HTTP/2 connection, from its head to its answer.
struct h2_stream {
  enum class phase : std::uint8_t { head, body, in_flight, answered };

  std::int32_t id = 0;
  phase at = phase::head;
  request_head head;
  std::size_t header_bytes = 0;
  body_buffer body;
  std::array<unsigned char, grpc_prefix_bytes> prefix{};
  std::uint8_t prefix_size = 0;
  steady_ns deadline = 0;  ///< By grpc-timeout; 0 = none.
  steady_ns last_data = 0; ///< When the client last sent something for it.
  std::string response;    ///< Bytes of DATA frames.
  std::size_t response_sent = 0;

  bool packed() const noexcept { return prefix[0] != 0; }

  /// Takes a piece of a gRPC body. The answer, where the request is refused by it.
  std::optional<rpc_answer> add_grpc(const listener_context& listener, std::string_view piece);

  /// The body is over: makes the request. The answer, where it is refused.
  std::optional<rpc_answer> finish(const listener_context& listener, steady_ns now,
                                   otlp_request& request, byte_reservation& bytes);

private:
  std::optional<rpc_answer> check_prefix(const listener_context& listener);
};

} // namespace weir::net
