#include "core/base64.hpp"
#include "net/server/h2_session.hpp"

// How answers leave an HTTP/2 session.
namespace weir::net {

namespace {

nghttp2_nv header(std::string_view name, std::string_view value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

} // namespace

void h2_session::reply(std::uint32_t id, otlp_reply&& reply) {
  const auto it = streams_.find(static_cast<std::int32_t>(id));
  if (it == streams_.end() || it->second.state != h2_stream::phase::in_flight)
    return;
  if (!trusted_ && reply.code == otlp_reply::status::ok)
    allow_all_streams();
  answer(it->second, to_answer(std::move(reply)));
}

void h2_session::answer(h2_stream& stream, const rpc_answer& answer) {
  if (listener_->config.grpc)
    answer_grpc(stream, answer);
  else
    answer_http(stream, to_http(*listener_, stream.head, answer));
}

void h2_session::submit_grpc_trailers(std::int32_t stream) {
  const std::array trailers = {header("grpc-status", "0")};
  nghttp2_submit_trailer(h2_, stream, trailers.data(), trailers.size());
}

namespace {

/// Copies response bytes into a DATA frame; gRPC's trailers follow the last.
struct body_reader {
  template <void (h2_session::*SubmitTrailers)(std::int32_t)>
  static ssize_t read(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t size,
                      std::uint32_t* flags, nghttp2_data_source* source, void* session) {
    auto& stream = *static_cast<h2_stream*>(source->ptr);
    const auto count = std::min(size, stream.response.size() - stream.response_sent);
    std::copy_n(stream.response.data() + stream.response_sent, count, out);
    stream.response_sent += count;
    if (stream.response_sent == stream.response.size()) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if constexpr (SubmitTrailers != nullptr) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        (static_cast<h2_session*>(session)->*SubmitTrailers)(stream.id);
      }
    }
    return static_cast<ssize_t>(count);
  }
};

} // namespace

void h2_session::answer_grpc(h2_stream& stream, const rpc_answer& answer) {
  stream.state = h2_stream::phase::answered;
  stream.answered_at = now_;
  stream.forget_request();
  count_bytes(stream);
  listener_->count(answer.code);
  if (const auto fault = fault_of(answer.code))
    report(*fault, answer.message);
  if (answer.code == grpc_code::ok) {
    const auto message = encode_export_response(answer);
    const auto size = static_cast<std::uint32_t>(message.size());
    stream.response = {'\0', static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                       static_cast<char>(size >> 8), static_cast<char>(size)};
    stream.response += message;
    const std::array headers = {header(":status", "200"),
                                header("content-type", "application/grpc")};
    nghttp2_data_provider body{{.ptr = &stream},
                               body_reader::read<&h2_session::submit_grpc_trailers>};
    nghttp2_submit_response(h2_, stream.id, headers.data(), headers.size(), &body);
    return;
  }
  const auto code = std::to_string(static_cast<unsigned>(answer.code));
  const auto message = encode_grpc_message(answer.message);
  std::string details, retry_info;
  std::vector headers = {header(":status", "200"), header("content-type", "application/grpc"),
                         header("grpc-status", code), header("grpc-message", message)};
  if (answer.code == grpc_code::unimplemented)
    headers.push_back(header("grpc-accept-encoding", "identity,gzip,zstd,snappy"));
  if (answer.retry_after) {
    details = encode_unpadded_base64(encode_status(answer));
    retry_info = encode_unpadded_base64(encode_retry_info(*answer.retry_after));
    headers.push_back(header("grpc-status-details-bin", details));
    headers.push_back(header("google.rpc.retryinfo-bin", retry_info));
  }
  nghttp2_submit_response(h2_, stream.id, headers.data(), headers.size(), nullptr);
}

void h2_session::answer_http(h2_stream& stream, http_response&& response) {
  stream.state = h2_stream::phase::answered;
  stream.answered_at = now_;
  const bool without_body = stream.head.method == request_head::verb::head;
  stream.forget_request();
  count_bytes(stream);
  listener_->count_http(response.status);
  if (const auto fault = fault_of(response.status))
    report(*fault, response.why);
  stream.response = std::move(response.body);
  const auto status = std::to_string(response.status);
  const auto length = std::to_string(stream.response.size());
  std::vector headers = {header(":status", status)};
  if (!response.content_type.empty())
    headers.push_back(header("content-type", response.content_type));
  if (response.status != 204)
    headers.push_back(header("content-length", length));
  for (const auto& [name, value] : response.headers)
    headers.push_back(header(name, value));
  if (without_body)
    stream.response.clear();
  nghttp2_data_provider body{{.ptr = &stream}, body_reader::read<nullptr>};
  nghttp2_submit_response(h2_, stream.id, headers.data(), headers.size(),
                          stream.response.empty() ? nullptr : &body);
}

} // namespace weir::net
