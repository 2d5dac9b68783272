#include "net/client/grpc_client_status.hpp"

#include "core/base64.hpp"
#include "otlp/wire.hpp"

#include <algorithm>
#include <charconv>

namespace weir::net {

namespace {

// Of an answer that is none of gRPC's.
constexpr std::size_t shown_body_bytes = 200;

namespace wire = otlp::wire;
using std::chrono::milliseconds;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  const auto lower = c | 0x20;
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0
        && hex_digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

grpc_code of_http_status(int status) noexcept {
  switch (status) {
  case 400:
    return grpc_code::internal;
  case 401:
    return grpc_code::unauthenticated;
  case 403:
    return grpc_code::permission_denied;
  case 404:
    return grpc_code::unimplemented;
  case 413:
    return grpc_code::resource_exhausted;
  case 429:
  case 502:
  case 503:
  case 504:
    return grpc_code::unavailable;
  default:
    return grpc_code::unknown;
  }
}

// Resets without a status. One that says nothing about the request itself is the transport's
// matter.
grpc_code of_reset(std::uint32_t http2_error) noexcept {
  switch (http2_error) {
  case 0x0: // NO_ERROR
  case 0x7:
    return grpc_code::unavailable; // REFUSED_STREAM
  case 0x8:
    return grpc_code::cancelled; // CANCEL
  case 0xb:
    return grpc_code::unavailable; // ENHANCE_YOUR_CALM
  case 0xc:
    return grpc_code::permission_denied; // INADEQUATE_SECURITY
  default:
    return grpc_code::internal;
  }
}

milliseconds read_duration(std::string_view message) {
  // A delay beyond a day is a mistake; the bound also keeps the arithmetic in range.
  constexpr std::int64_t most = std::chrono::milliseconds(std::chrono::hours(24)).count();
  std::int64_t seconds = 0;
  std::int64_t nanos = 0;
  wire::reader fields(message);
  while (const auto f = fields.next())
    if (f->type == wire::type::varint && f->number <= 2)
      (f->number == 1 ? seconds : nanos) = static_cast<std::int64_t>(f->value);
  seconds = std::clamp<std::int64_t>(seconds, 0, most / 1000);
  nanos = std::clamp<std::int64_t>(nanos, 0, 999'999'999);
  return milliseconds(seconds * 1000 + (nanos + 999'999) / 1'000'000);
}

// The delay of a google.protobuf.Any, where it is a RetryInfo.
std::optional<milliseconds> retry_delay_of(std::string_view any) {
  std::string_view type;
  std::string_view content;
  wire::reader fields(any);
  while (const auto f = fields.next())
    if (f->type == wire::type::bytes && f->number <= 2)
      (f->number == 1 ? type : content) = f->bytes;
  return type.ends_with("/google.rpc.RetryInfo") ? read_retry_info(content) : std::nullopt;
}

void read_trailers(const h2_response& response, grpc_reply& reply) {
  if (const auto packed = decode_base64(response.header("grpc-status-details-bin")))
    if (const auto status = read_rpc_status(*packed)) {
      reply.retry_delay = status->retry_delay;
      if (reply.message.empty())
        reply.message = status->message;
    }
  const auto info = response.header("google.rpc.retryinfo-bin");
  if (!info.empty() && !reply.retry_delay)
    if (const auto packed = decode_base64(info))
      reply.retry_delay = read_retry_info(*packed).value_or(milliseconds(0));
}

// Takes the one message out of its frame.
void unframe(std::string&& body, grpc_reply& reply) {
  if (body.empty())
    return;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(body[i]); };
  const auto size = body.size() < 5 ? 0U
                                    : std::uint32_t{byte(1)} << 24 | std::uint32_t{byte(2)} << 16
                                          | std::uint32_t{byte(3)} << 8 | byte(4);
  if (body.size() < 5 || size != body.size() - 5)
    reply = {.code = grpc_code::internal, .message = "the response is not one gRPC message"};
  else if (byte(0) == 0)
    reply.body = body.substr(5);
  // A packed answer was not asked for (no grpc-accept-encoding): what it says besides OK is lost.
}

} // namespace

std::optional<milliseconds> read_retry_info(std::string_view message) {
  std::optional<milliseconds> delay = milliseconds(0);
  wire::reader fields(message);
  while (const auto f = fields.next())
    if (f->number == 1 && f->type == wire::type::bytes)
      delay = read_duration(f->bytes);
  return fields.malformed() ? std::nullopt : delay;
}

std::optional<rpc_status> read_rpc_status(std::string_view message) {
  rpc_status status;
  wire::reader fields(message);
  while (const auto f = fields.next()) {
    if (f->number == 1 && f->type == wire::type::varint)
      status.code = static_cast<std::int32_t>(f->value);
    else if (f->number == 2 && f->type == wire::type::bytes)
      status.message = f->bytes;
    else if (f->number == 3 && f->type == wire::type::bytes)
      if (const auto delay = retry_delay_of(f->bytes))
        status.retry_delay = delay;
  }
  return fields.malformed() ? std::nullopt : std::optional(std::move(status));
}

grpc_reply read_grpc_reply(h2_response&& response) {
  grpc_reply reply;
  if (response.body_too_large) {
    // The answer came, so the request was taken in; what it says is over what a client should read.
    reply.code = grpc_code::internal;
    reply.message = "the response is larger than 4 MiB";
    return reply;
  }
  const auto status = response.header("grpc-status");
  if (status.empty()) {
    if (response.status != 0 && response.status != 200) {
      reply.code = of_http_status(response.status);
      reply.message = "HTTP status " + std::to_string(response.status)
                      + (response.status == 413 ? ", request too large" : ", no gRPC status");
      if (!response.body.empty()) // A proxy's page says more than its number.
        reply.message += ": " + response.body.substr(0, shown_body_bytes);
    } else {
      reply.code = of_reset(response.reset_code);
      reply.message = "the stream ended without a status (HTTP/2 error "
                      + std::to_string(response.reset_code) + ")";
    }
    return reply;
  }
  unsigned number = 2;
  std::from_chars(status.data(), status.data() + status.size(), number);
  reply.code = number < grpc_codes ? static_cast<grpc_code>(number) : grpc_code::unknown;
  reply.message = decode_percent(response.header("grpc-message"));
  read_trailers(response, reply);
  if (reply.code == grpc_code::ok)
    unframe(std::move(response.body), reply);
  return reply;
}

} // namespace weir::net
