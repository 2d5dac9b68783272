#pragma once

#include "core/clock.hpp"
#include "net/server/grpc_protocol.hpp"
#include "net/server/http_exchange.hpp"

#include <array>
#include <variant>

namespace weir::net {

/// Why a request is refused, in gRPC's and google.rpc's words or in HTTP's.
using h2_refusal = std::variant<rpc_answer, http_response>;

/// One request on an HTTP/2 connection, from its head to its answer.
struct h2_stream {
  /// asking: the request is complete, but not yet who its client is.
  enum class phase : std::uint8_t { head, body, refused, asking, in_flight, answered };

  std::int32_t id = 0;
  phase state = phase::head;
  request_head head;
  std::size_t header_bytes = 0;
  byte_reservation head_room; ///< What the head holds, until the answer.
  body_buffer body;
  std::uint64_t counted_bytes = 0; ///< Of the body, in the sum of its session.
  std::array<unsigned char, grpc_prefix_bytes> prefix{};
  std::uint8_t prefix_size = 0;
  steady_ns deadline = 0;  ///< By grpc-timeout; 0 = none.
  steady_ns last_data = 0; ///< When the client last sent something for it.
  steady_ns body_begun = 0;
  steady_ns answered_at = 0;
  h2_refusal refusal; ///< Waits for the end of the request.
  steady_ns refused_at = 0;
  std::size_t unwanted_bytes = 0; ///< Came after the refusal.
  std::string response;           ///< Bytes of DATA frames.
  std::size_t response_sent = 0;

  /// Lets go of all that the request brought: it is answered.
  void forget_request();

  bool packed() const noexcept { return prefix[0] != 0; }

  /// Takes a piece of the body. The answer, where the request is refused by it.
  std::optional<rpc_answer> add(const listener_context& listener, std::string_view piece);

  /// The body is over: makes the request. The answer, where it is refused.
  std::optional<rpc_answer> finish(const listener_context& listener, steady_ns now,
                                   otlp_request& request, byte_reservation& bytes);

private:
  rpc_answer refuse(const listener_context& listener, body_buffer::result verdict) {
    return to_answer(listener, head, verdict);
  }
  std::optional<rpc_answer> add_grpc(const listener_context& listener, std::string_view piece);
  std::optional<rpc_answer> check_prefix(const listener_context& listener);
};

} // namespace weir::net
