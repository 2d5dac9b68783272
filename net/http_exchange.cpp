#include "net/http_exchange.hpp"

#include "codec/encoding.hpp"
#include "net/cors.hpp"
#include "net/server_auth.hpp"
#include "otlp/json.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::net {

namespace {

using media = request_head::media;

constexpr std::string_view protobuf_type = "application/x-protobuf";
constexpr std::string_view json_type = "application/json";

// Counted with a body for what else a request holds, so that many small ones are bounded too.
constexpr std::uint64_t request_overhead = 512;

bool allowed(const otlp_listener_config& config, const std::string& token) {
  const auto& list = config.compression_algorithms;
  return list.empty() || token.empty() || token == "identity"
         || std::find(list.begin(), list.end(), token) != list.end();
}

unsigned http_status(const rpc_answer& answer) {
  switch (answer.code) {
  case grpc_code::ok:
    return 200;
  case grpc_code::invalid_argument:
    return 400;
  case grpc_code::unauthenticated:
    return 401;
  case grpc_code::deadline_exceeded:
    return 408;
  case grpc_code::resource_exhausted:
    return 413;
  case grpc_code::unavailable:
    return 503;
  default:
    return 500;
  }
}

/// Whole seconds, never less than the delay, never 0: a client would come back at once.
std::string retry_seconds(std::chrono::milliseconds delay) {
  return std::to_string(std::max<std::int64_t>((delay.count() + 999) / 1000, 1));
}

std::optional<rpc_answer> authenticate(const listener_context& listener, const request_head& head) {
  if (!listener.authenticator)
    return {};
  switch (listener.authenticator->check(head.credentials)) {
  case server_authenticator::verdict::accepted:
    return {};
  case server_authenticator::verdict::busy:
    listener.count(refusal::unauthenticated);
    return rpc_answer{grpc_code::unavailable, "too many credentials to check",
                      std::chrono::seconds(1), 0};
  case server_authenticator::verdict::refused:
    break;
  }
  listener.count(refusal::unauthenticated);
  return rpc_answer{grpc_code::unauthenticated, "the credentials are missing or wrong", {}, 0};
}

std::optional<rpc_answer> refuse_any(const listener_context& listener, const request_head& head) {
  if (auto answer = authenticate(listener, head))
    return answer;
  if (!listener.server->accepting()) {
    listener.count(refusal::not_accepting);
    return rpc_answer{grpc_code::unavailable, listener.server->refusal(), std::chrono::seconds(1),
                      0};
  }
  return {};
}

http_response finish(const listener_context& listener, const request_head& head,
                     http_response response) {
  for (const auto& [name, value] : listener.config.response_headers)
    response.headers.emplace_back(name, value);
  add_cors_headers(listener.config, head, response);
  return response;
}

} // namespace

http_response plain_text(unsigned status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text), {}};
}

std::optional<http_response> refuse_http(const listener_context& listener,
                                         const request_head& head) {
  if (auto preflight = answer_preflight(listener.config, head))
    return preflight;
  const auto refuse = [&](http_response response) {
    return finish(listener, head, std::move(response));
  };
  if (!head.signal || !listener.takes(*head.signal))
    return refuse(plain_text(404, "404 page not found\n"));
  if (head.method != request_head::verb::post) {
    auto response = plain_text(405, "405 method not allowed, supported: [POST]\n");
    response.headers.emplace_back("allow", "POST");
    return refuse(std::move(response));
  }
  if (head.content != media::protobuf && head.content != media::json)
    return refuse(plain_text(415, fmt::format("415 unsupported media type, supported: [{}, {}]\n",
                                              json_type, protobuf_type)));
  if (auto answer = refuse_any(listener, head))
    return to_http(listener, head, *answer);
  if (!codec::http_encoding(head.encoding) || !allowed(listener.config, head.encoding))
    return to_http(listener, head,
                   {grpc_code::invalid_argument,
                    fmt::format("unsupported Content-Encoding: {}", head.encoding),
                    {},
                    0});
  return {};
}

http_response to_http(const listener_context& listener, const request_head& head,
                      const rpc_answer& answer) {
  const bool json = head.content == media::json;
  http_response response;
  response.status = http_status(answer);
  response.content_type = json ? json_type : protobuf_type;
  if (answer.code == grpc_code::ok)
    response.body =
        json ? encode_export_response_json(*head.signal, answer) : encode_export_response(answer);
  else
    response.body = json ? encode_status_json(answer) : encode_status(answer);
  if (answer.code == grpc_code::unauthenticated && listener.authenticator)
    response.headers.emplace_back("www-authenticate", listener.authenticator->challenge());
  if (answer.retry_after)
    response.headers.emplace_back("retry-after", retry_seconds(*answer.retry_after));
  return finish(listener, head, std::move(response));
}

std::optional<rpc_answer> refuse_grpc(const listener_context& listener, const request_head& head) {
  if (!head.signal || !listener.takes(*head.signal))
    return rpc_answer{grpc_code::unimplemented, "no pipeline takes this method", {}, 0};
  if (auto answer = refuse_any(listener, head))
    return answer;
  if (head.bad_timeout)
    return rpc_answer{grpc_code::invalid_argument, "malformed grpc-timeout", {}, 0};
  if (!codec::grpc_encoding(head.encoding.empty() ? "identity" : head.encoding))
    return rpc_answer{grpc_code::unimplemented,
                      fmt::format("grpc-encoding {} is not known here", head.encoding),
                      {},
                      0};
  return {};
}

rpc_answer to_answer(const listener_context& listener, body_buffer::verdict verdict) {
  if (verdict == body_buffer::verdict::too_large) {
    listener.count(refusal::too_large);
    return {grpc_code::resource_exhausted,
            fmt::format("the request is larger than {} bytes", listener.config.max_message_bytes),
            {},
            0};
  }
  listener.count(refusal::bytes_in_flight);
  return {grpc_code::unavailable, "too many bytes in flight", std::chrono::seconds(1), 0};
}

namespace {

std::optional<rpc_answer> unpack(const listener_context& listener, codec::encoding how,
                                 const std::string& packed, std::string& out) {
  const auto done = codec::decode(how, packed, listener.config.max_message_bytes, out);
  if (done)
    return {};
  if (done.error().code == errc::too_large)
    return to_answer(listener, body_buffer::verdict::too_large);
  return rpc_answer{grpc_code::invalid_argument, done.error().message, {}, 0};
}

} // namespace

std::optional<rpc_answer> complete(const listener_context& listener, const request_head& head,
                                   bool packed, body_buffer& body, otlp_request& request,
                                   byte_reservation& bytes) {
  request.signal = *head.signal;
  if (listener.authenticator)
    request.auth = listener.authenticator->about(head.credentials);
  request.body = body.take_bytes();
  bytes = body.take_reservation();
  const auto how = listener.config.grpc ? codec::grpc_encoding(head.encoding)
                                        : codec::http_encoding(head.encoding);
  if (packed && how != codec::encoding::identity) {
    std::string unpacked;
    if (auto answer = unpack(listener, *how, request.body, unpacked))
      return answer;
    request.body = std::move(unpacked);
  }
  if (head.content == media::json) {
    std::string protobuf;
    if (auto done = otlp::from_json(*head.signal, request.body, protobuf); !done)
      return rpc_answer{grpc_code::invalid_argument, otlp::to_string(done.error()), {}, 0};
    request.body = std::move(protobuf);
  }
  std::size_t metadata_bytes = 0;
  for (const auto& [name, value] : head.metadata)
    metadata_bytes += name.size() + value.size();
  if (!bytes.grow_to(request.body.size() + metadata_bytes + request_overhead))
    return to_answer(listener, body_buffer::verdict::no_room);
  return {};
}

} // namespace weir::net
