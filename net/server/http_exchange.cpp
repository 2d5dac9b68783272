#include "net/server/http_exchange.hpp"

#include "codec/encoding.hpp"
#include "net/server/cors.hpp"
#include "otlp/json.hpp"
#include "otlp/scan.hpp"

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

/// Nothing: the client may come in, or head.unknown_client says that it is to be asked about.
std::optional<rpc_answer> authenticate(const listener_context& listener, request_head& head) {
  if (!listener.authenticator)
    return {};
  const auto verdict = listener.authenticator->check(head.credentials);
  head.unknown_client = verdict == server_authenticator::outcome::pending;
  if (head.unknown_client || verdict == server_authenticator::outcome::accepted)
    return {};
  return refuse_client(listener, verdict);
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
  auto why = text.substr(0, text.find('\n'));
  return {status, "text/plain; charset=utf-8", std::move(text), {}, std::move(why)};
}

rpc_answer refuse_client(const listener_context& listener, server_authenticator::outcome verdict) {
  if (verdict == server_authenticator::outcome::busy) {
    listener.count(refusal::unauthenticated);
    return {grpc_code::unavailable, "too many credentials to check", std::chrono::seconds(1), 0};
  }
  return {grpc_code::unauthenticated, "the credentials are missing or wrong", {}, 0};
}

void turn_away(const listener_context& listener, request_head& head, refusal why,
               body_buffer& body) {
  listener.count(why);
  head.turned_away = why;
  body.go_on_spare();
}

void turn_away_where_closed(const listener_context& listener, request_head& head,
                            body_buffer& body) {
  if (!listener.server->accepting())
    turn_away(listener, head, refusal::not_accepting, body);
}

rpc_answer why_turned_away(const listener_context& listener, const request_head& head) {
  auto text = *head.turned_away == refusal::not_accepting ? listener.server->refusal()
              : *head.turned_away == refusal::connection_share
                  ? "this connection has too many bytes in flight"
                  : "too many bytes in flight";
  return {grpc_code::unavailable, std::move(text), std::chrono::seconds(1), 0};
}

std::optional<refusal> fault_of(grpc_code code) noexcept {
  switch (code) {
  case grpc_code::invalid_argument:
    return refusal::malformed;
  case grpc_code::unimplemented:
    return refusal::not_found;
  case grpc_code::resource_exhausted:
    return refusal::too_large;
  case grpc_code::unauthenticated:
    return refusal::unauthenticated;
  default:
    return {};
  }
}

std::optional<refusal> fault_of(unsigned http_status) noexcept {
  switch (http_status) {
  case 400:
  case 417:
  case 501:
    return refusal::malformed;
  case 401:
    return refusal::unauthenticated;
  case 404:
    return refusal::not_found;
  case 405:
    return refusal::method;
  case 408:
    return refusal::too_slow;
  case 413:
  case 431:
    return refusal::too_large;
  case 415:
    return refusal::media_type;
  default:
    return {};
  }
}

std::optional<http_response> refuse_http(const listener_context& listener, request_head& head) {
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
  if (auto answer = authenticate(listener, head))
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
  if (answer.code != grpc_code::ok)
    response.why = answer.message;
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

std::optional<rpc_answer> refuse_grpc(const listener_context& listener, request_head& head) {
  if (!head.signal || !listener.takes(*head.signal))
    return rpc_answer{grpc_code::unimplemented, "no pipeline takes this method", {}, 0};
  if (auto answer = authenticate(listener, head))
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

namespace {

rpc_answer too_large(const listener_context& listener) {
  return {grpc_code::resource_exhausted,
          fmt::format("the request is larger than {} bytes", listener.config.max_message_bytes),
          {},
          0};
}

} // namespace

rpc_answer to_answer(const listener_context& listener, request_head& head,
                     body_buffer::result verdict) {
  if (verdict == body_buffer::result::too_large)
    return too_large(listener);
  if (!head.turned_away) {
    listener.count(refusal::bytes_in_flight);
    head.turned_away = refusal::bytes_in_flight;
  }
  return why_turned_away(listener, head);
}

namespace {

std::optional<rpc_answer> unpack(const listener_context& listener, codec::encoding encoding,
                                 const std::string& packed, std::string& out) {
  const auto done = codec::decode(encoding, packed, listener.config.max_message_bytes, out);
  if (done)
    return {};
  if (done.error().code == errc::too_large)
    return too_large(listener);
  return rpc_answer{grpc_code::invalid_argument, done.error().message, {}, 0};
}

} // namespace

namespace {

// As intake counts what it refuses itself: a request that is not OTLP has no items.
void count_what_is_refused(const listener_context& listener, const otlp_request& request) {
  listener.count_refused(request.signal,
                         otlp::check_items(request.signal, request.body, {}).value_or(0));
}

} // namespace

std::optional<rpc_answer> complete(const listener_context& listener, request_head& head,
                                   bool packed, body_buffer& body, otlp_request& request,
                                   byte_reservation& bytes) {
  request.signal = *head.signal;
  if (body.spared() && !head.turned_away)
    turn_away(listener, head, refusal::bytes_in_flight, body);
  if (listener.authenticator)
    request.auth = listener.authenticator->about(head.credentials);
  request.body = body.take_bytes();
  bytes = body.take_reservation();
  const auto packing = listener.config.grpc ? codec::grpc_encoding(head.encoding)
                                            : codec::http_encoding(head.encoding);
  if (packed && packing != codec::encoding::identity) {
    std::string unpacked;
    if (auto answer = unpack(listener, *packing, request.body, unpacked))
      return answer;
    request.body = std::move(unpacked);
  }
  if (head.content == media::json) {
    std::string protobuf;
    if (auto done = otlp::from_json(*head.signal, request.body, protobuf); !done)
      return rpc_answer{grpc_code::invalid_argument, otlp::to_string(done.error()), {}, 0};
    request.body = std::move(protobuf);
  }
  if (head.turned_away) {
    count_what_is_refused(listener, request);
    return why_turned_away(listener, head);
  }
  std::size_t metadata_bytes = 0;
  for (const auto& [name, value] : head.metadata)
    metadata_bytes += name.size() + value.size();
  if (!bytes.grow_to(request.body.size() + metadata_bytes + request_overhead)) {
    listener.count(refusal::bytes_in_flight);
    count_what_is_refused(listener, request);
    return rpc_answer{grpc_code::unavailable, "too many bytes in flight", std::chrono::seconds(1),
                      0};
  }
  return {};
}

} // namespace weir::net
