#include "net/server/h2_stream.hpp"

#include <fmt/format.h>

namespace weir::net {

namespace {

rpc_answer refused(grpc_code code, std::string message) {
  return {code, std::move(message), {}, 0};
}

} // namespace

void h2_stream::forget_request() {
  head = {};
  head_room.release();
  body.discard();
  refusal = {};
}

std::optional<rpc_answer> h2_stream::check_prefix(const listener_context& listener) {
  if (prefix[0] > 1)
    return refused(grpc_code::invalid_argument, "malformed message prefix");
  if (packed() && (head.encoding.empty() || head.encoding == "identity"))
    return refused(grpc_code::internal, "a packed message without grpc-encoding");
  const auto verdict = body.expect(grpc_prefix_length(prefix.data()));
  if (verdict != body_buffer::result::ok)
    return refuse(listener, verdict);
  return {};
}

std::optional<rpc_answer> h2_stream::add(const listener_context& listener, std::string_view piece) {
  if (listener.config.grpc)
    return add_grpc(listener, piece);
  const auto verdict = body.append(piece);
  if (verdict != body_buffer::result::ok)
    return refuse(listener, verdict);
  return {};
}

std::optional<rpc_answer> h2_stream::add_grpc(const listener_context& listener,
                                              std::string_view piece) {
  if (prefix_size < grpc_prefix_bytes) {
    const auto taken = std::min(piece.size(), grpc_prefix_bytes - prefix_size);
    std::copy_n(piece.begin(), taken, prefix.begin() + prefix_size);
    prefix_size = static_cast<std::uint8_t>(prefix_size + taken);
    piece.remove_prefix(taken);
    if (prefix_size < grpc_prefix_bytes)
      return {};
    if (auto answer = check_prefix(listener))
      return answer;
  }
  if (body.size() + piece.size() > grpc_prefix_length(prefix.data()))
    return refused(grpc_code::unimplemented, "more than one message in a unary call");
  const auto verdict = body.append(piece);
  if (verdict != body_buffer::result::ok)
    return refuse(listener, verdict);
  return {};
}

std::optional<rpc_answer> h2_stream::finish(const listener_context& listener, steady_ns now,
                                            otlp_request& request, byte_reservation& bytes) {
  if (listener.config.grpc) {
    if (prefix_size == 0)
      return refused(grpc_code::unimplemented, "a unary call without a message");
    const auto length = prefix_size < grpc_prefix_bytes ? 0 : grpc_prefix_length(prefix.data());
    if (prefix_size < grpc_prefix_bytes || body.size() < length)
      return refused(grpc_code::invalid_argument,
                     fmt::format("the message ends after {} of {} bytes", body.size(), length));
    if (deadline && now >= deadline)
      return refused(grpc_code::deadline_exceeded, "its time was over when it had come in");
  }
  return complete(listener, head, !listener.config.grpc || packed(), body, request, bytes);
}

} // namespace weir::net
