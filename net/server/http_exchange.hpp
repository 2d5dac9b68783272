#pragma once

#include "net/server/body_buffer.hpp"
#include "net/server/request_head.hpp"
#include "net/server/server_auth.hpp"

#include <optional>

// OTLP/HTTP and OTLP/gRPC apart from the framing: which requests are taken, and what the answers
// say.
namespace weir::net {

/// An HTTP answer in full.
struct http_response {
  unsigned status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers; ///< Lower-case names.
  std::string why = {}; ///< For the log, where the client did something wrong.
};

/// The answer to a request that is refused by its head alone; nothing: take its body, and ask the
/// authenticator where `head.unknown_client` says so.
std::optional<http_response> refuse_http(const listener_context& listener, request_head& head);

/// The answer to a client that may not come in, or whose credentials cannot be looked at now.
rpc_answer refuse_client(const listener_context& listener, server_authenticator::outcome verdict);

/// The request is refused for this, and read all the same, to count what is in it.
void turn_away(const listener_context& listener, request_head& head, refusal why,
               body_buffer& body);

/// Turns the request away where the node takes none now.
void turn_away_where_closed(const listener_context& listener, request_head& head,
                            body_buffer& body);

/// @pre head.turned_away
rpc_answer why_turned_away(const listener_context& listener, const request_head& head);

/// Which refusal an answer is that a client deserves by what it sent; nothing: it does not.
std::optional<refusal> fault_of(grpc_code code) noexcept;
std::optional<refusal> fault_of(unsigned http_status) noexcept;

/// The answer, in the encoding of the request. @pre `head` was not refused
http_response to_http(const listener_context& listener, const request_head& head,
                      const rpc_answer& answer);

/// An answer in plain text: for what is not OTLP.
http_response plain_text(unsigned status, std::string text);

/// The same for gRPC. A content type that is not gRPC's is answered by HTTP status 415.
std::optional<rpc_answer> refuse_grpc(const listener_context& listener, request_head& head);

/// What a verdict of the body's buffer other than ok means to the client.
rpc_answer to_answer(const listener_context& listener, request_head& head,
                     body_buffer::result verdict);

/// Unpacks a whole body and makes protobuf of it, into request.body. The answer, where it is
/// refused.
std::optional<rpc_answer> complete(const listener_context& listener, request_head& head,
                                   bool packed, body_buffer& body, otlp_request& request,
                                   byte_reservation& bytes);

} // namespace weir::net
