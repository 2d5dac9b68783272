#include "app/config/header_options.hpp"
#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"

#include <fmt/format.h>

namespace weir::app {

namespace {

using listener = net::otlp_listener_config;
using keepalive = net::keepalive_server_config;

constexpr std::string_view no_buffers = "sockets are read as far as the limits allow";

const option_table<keepalive>& server_parameters() {
  using c = keepalive;
  static const option_table<c> table{{
      works("max_connection_idle", &c::max_connection_idle,
            "A connection without calls for this long is closed; 0: never."),
      works("max_connection_age", &c::max_connection_age,
            "A connection of this age is asked to go (GOAWAY); 0: never."),
      works("max_connection_age_grace", &c::max_connection_age_grace,
            "How long its last calls may take then; 0: without limit."),
      works("time", &c::time, "A silent client is pinged after this long; 0: never."),
      works("timeout", &c::timeout, "The ping must be answered within this time."),
  }};
  return table;
}

const option_table<keepalive>& enforcement_policy() {
  using c = keepalive;
  static const option_table<c> table{{
      works("min_time", &c::min_time, "Clients that ping more often are sent away."),
      works("permit_without_stream", &c::permit_without_stream,
            "Clients may ping while they have no call."),
  }};
  return table;
}

const option_table<keepalive>& keepalive_options() {
  static const option_table<keepalive> table{{
      switchable(group("server_parameters", &server_parameters)),
      switchable(group("enforcement_policy", &enforcement_policy)),
  }};
  return table;
}

void check_listener(const section& map, const listener& c) {
  check_listen_endpoint(map, c.endpoint);
}

listener grpc_defaults() {
  listener c;
  c.endpoint = "localhost:4317";
  return c;
}

listener http_defaults() {
  listener c;
  c.grpc = false;
  c.endpoint = "localhost:4318";
  c.max_message_bytes = 20 << 20;
  return c;
}

const option_table<listener>& auth_options() {
  using c = listener;
  static const option_table<c> table{{
      works("authenticator", &c::authenticator,
            "Id of an extension, `basicauth` or `bearertokenauth`, that says who may send."),
      refused("request_params", "query parameters are not looked at"),
  }};
  return table;
}

constexpr std::string_view metadata_text =
    "Requests keep the headers that processors and `headers_setter` ask for by `from_context`.";

const option_table<listener>& grpc_options() {
  using c = listener;
  static const option_table<c> table{
      {
          works("endpoint", &c::endpoint, "host:port to listen on; port 0: any free one."),
          works("max_recv_msg_size_mib", &c::max_message_bytes,
                {.unit = unit::mib,
                 .min = "1",
                 .max = "1024",
                 .zero_is_default = true,
                 .clamped = true},
                "The largest message, in MiB, once unpacked; 0: the default, more than 1024: that "
                "many."),
          works("max_concurrent_streams", &c::max_concurrent_streams,
                "Calls at the same time on one connection; 0: 1000."),
          switchable(block("keepalive", &c::keepalive, &keepalive_options)),
          switchable(block("tls", &c::tls, &tls_server_options, "TLS; absent: plain text."),
                     when_empty::absent),
          no_effect("read_buffer_size", no_buffers),
          no_effect("write_buffer_size", no_buffers),
          works("include_metadata", &c::include_metadata, metadata_text),
          switchable(group("auth", &auth_options)),
          refused("middlewares", "Weir has no middlewares"),
      },
      grpc_defaults(),
      &check_listener};
  return table;
}

const option_table<net::cors_config>& cors_options() {
  using c = net::cors_config;
  static const option_table<c> table{{
      works("allowed_origins", &c::allowed_origins,
            "Origins that may send; `*` stands for any text."),
      works("allowed_headers", &c::allowed_headers,
            "Headers that they may use besides the safe ones."),
      works("exposed_headers", &c::exposed_headers, "Headers of the answer that they may read."),
      works("max_age", &c::max_age, {.min = "0"}, "Seconds that a browser may remember this."),
  }};
  return table;
}

const option_table<listener>& http_options() {
  using c = listener;
  static const option_table<c> table{
      {
          works("endpoint", &c::endpoint, "host:port to listen on; port 0: any free one."),
          works("max_request_body_size", &c::max_message_bytes,
                {.min = "1", .max = "1073741824", .zero_is_default = true, .clamped = true},
                "The largest body, in bytes, once unpacked; 0: the default, more than 1 GiB: that "
                "much."),
          works("traces_url_path", &c::traces_url_path,
                "Path of the traces service; without a `/` in front it gets one."),
          works("metrics_url_path", &c::metrics_url_path,
                "Path of the metrics service; without a `/` in front it gets one."),
          works("logs_url_path", &c::logs_url_path,
                "Path of the logs service; without a `/` in front it gets one."),
          no_effect("profiles_url_path", "there are no pipelines of profiles"),
          works("compression_algorithms", &c::compression_algorithms,
                {.one_of = {"", "gzip", "zstd", "zlib", "deflate", "snappy", "lz4",
                            "x-snappy-framed"}},
                "Content encodings that are accepted; absent: all."),
          works("response_headers", &c::response_headers, {.secret = true},
                "Headers added to every answer."),
          works("read_timeout", &c::read_timeout,
                "For reading one request; 0: `service.limits.body_timeout` alone."),
          works("read_header_timeout", &c::read_header_timeout,
                "For reading its headers; 0: as above."),
          works("write_timeout", &c::write_timeout, "For writing one answer; 0: without limit."),
          works("idle_timeout", &c::idle_timeout,
                "A connection without requests for this long is closed; 0: never."),
          works("keep_alives_enabled", &c::keep_alives_enabled,
                "Connections stay open after a request."),
          switchable(block("tls", &c::tls, &tls_server_options, "TLS; absent: plain text."),
                     when_empty::absent),
          works("include_metadata", &c::include_metadata, metadata_text),
          switchable(
              block("cors", &c::cors, &cors_options, "For browsers; absent: none is let in."),
              when_empty::absent),
          switchable(group("auth", &auth_options)),
          refused("middlewares", "Weir has no middlewares"),
      },
      http_defaults(),
      [](const section& map, const c& http) {
        check_listener(map, http);
        check_headers(map, "response_headers", http.response_headers, net::header_rules::http);
      }};
  return table;
}

/// A protocol's options, around those of the listener.
option_table<listener_shape> protocol(table_of<listener> options) {
  using c = listener_shape;
  return {{
              embedded(&c::config, options),
              works("transport", &c::transport, {.one_of = {"tcp", "tcp4", "tcp6"}},
                    "`tcp4`, `tcp6`: over that family alone. Unix sockets are not there yet."),
          },
          c{options().defaults}};
}

const option_table<listener_shape>& grpc_protocol() {
  static const auto table = protocol(&grpc_options);
  return table;
}

const option_table<listener_shape>& http_protocol() {
  static const auto table = protocol(&http_options);
  return table;
}

const option_table<otlp_receiver_shape>& protocols_options() {
  using c = otlp_receiver_shape;
  static const option_table<c> table{
      {
          switchable(block("grpc", &c::grpc, &grpc_protocol,
                           "OTLP/gRPC, on when the key is there, without `enabled: false`.")),
          switchable(block("http", &c::http, &http_protocol,
                           "OTLP/HTTP, on when the key is there, without `enabled: false`.")),
      },
      c{},
      [](const section& map, const c& protocols) {
        if (!protocols.grpc && !protocols.http)
          map.error("", "found no protocol, expected `grpc`, `http` or both");
      }};
  return table;
}

} // namespace

bool is_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == text.npos)
    return false;
  const auto host = text.substr(0, colon);
  const auto port = text.substr(colon + 1);
  constexpr std::string_view highest = "65535";
  if (port.empty() || port.size() > highest.size()
      || port.find_first_not_of("0123456789") != port.npos
      || (port.size() == highest.size() && port > highest))
    return false;
  if (host.starts_with('['))
    return host.size() > 2 && host.ends_with(']');
  return host.find_first_of(":/@ ") == host.npos;
}

void check_listen_endpoint(const section& map, const std::string& endpoint) {
  if (!is_host_port(endpoint))
    map.error("endpoint",
              fmt::format("found {}, expected host:port such as `0.0.0.0:4317`", quoted(endpoint)));
}

const option_table<otlp_receiver_shape>& otlp_receiver_options() {
  static const option_table<otlp_receiver_shape> table{{group("protocols", &protocols_options)}};
  return table;
}

} // namespace weir::app
