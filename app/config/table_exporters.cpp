#include "app/config/header_options.hpp"
#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"
#include "codec/encoding.hpp"
#include "net/client/grpc_client_endpoint.hpp"
#include "net/status.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

namespace weir::app {

namespace {

constexpr std::string_view log_is_queue = "the log on disk is the queue";
constexpr std::string_view pooled = "connections are kept as requests in flight need them";
constexpr std::string_view no_buffers = "sockets are written as far as the back end takes it";

// An HTTP status or the name of a gRPC code.
bool is_code(std::string_view code) {
  for (std::size_t i = 1; i < net::grpc_codes; ++i)
    if (code == net::to_string(static_cast<net::grpc_code>(i)))
      return true;
  return code.size() == 3 && code[0] >= '1' && code[0] <= '5'
         && code.find_first_not_of("0123456789") == code.npos;
}

void check_retry(const section& map, const backends::retry_config& retry) {
  for (const auto& code : retry.permanent_codes)
    if (!is_code(code))
      map.error("permanent_codes",
                fmt::format("found {}, expected a status of HTTP such as `422` or "
                            "a code of gRPC such as `INVALID_ARGUMENT`",
                            quoted(code)));
}

const option_table<backends::retry_config>& retry_options() {
  using c = backends::retry_config;
  static const option_table<c> table{
      {
          works("enabled", &c::enabled, "Tries again after an answer that allows it."),
          works("initial_interval", &c::initial_interval, {.min = "1ms", .zero_is_default = true},
                "The first pause; 0: the default."),
          works("randomization_factor", &c::randomization_factor, {.min = "0", .max = "1"},
                "Pauses are longer or shorter by up to this share."),
          works("multiplier", &c::multiplier, {.min = "1", .zero_is_default = true},
                "Each pause is this much longer; 0: the default."),
          works("max_interval", &c::max_interval, {.min = "1ms", .zero_is_default = true},
                "The longest pause; 0: the default."),
          works("max_elapsed_time", &c::max_elapsed_time,
                "After this long a request goes to the dead letters; 0: it is tried for as long as "
                "the "
                "log has room. (The Collector's default is 5m.)"),
          works(
              "permanent_codes", &c::permanent_codes, {.numbers = true},
              "Answers that are final and make dead letters, by HTTP's number or gRPC's name. All "
              "others are tried again: those that speak of a passing state with the pauses above, "
              "others (401, 403, 404, `UNAUTHENTICATED`, `UNIMPLEMENTED`, ...), which somebody has "
              "to "
              "end, with pauses of up to ten times `max_interval`. What is too large is split "
              "whatever stands here. (Weir's own.)"),
      },
      c{},
      &check_retry};
  return table;
}

const option_table<queue_batch_shape>& queue_batch_options() {
  using c = queue_batch_shape;
  static const option_table<c> table{
      {
          works("min_size", &c::min_size, "Items, or bytes, that a request waits for."),
          works(
              "max_size", &c::max_size,
              "The most that one request holds; 0: no limit. A request holds at most 4 MiB in any "
              "case, or what this says in bytes, up to 64 MiB; an item that is larger goes alone."),
          works("flush_timeout", &c::flush_timeout, "How long it waits for them."),
          works("sizer", &c::sizer, {.one_of = {"items", "bytes", ""}},
                "What the sizes count: `items`, or unpacked `bytes`; absent: what "
                "`sending_queue.sizer` says, items where that is `requests`."),
          no_effect("partition", "requests are by client where `headers_setter` sends on what "
                                 "clients said, and only there"),
      },
      c{},
      [](const section& map, const c& batch) {
        if (batch.max_size != 0 && batch.max_size < batch.min_size)
          map.error("max_size", "it is below `min_size`");
      }};
  return table;
}

const option_table<backends::queue_config>& queue_config_options() {
  using c = backends::queue_config;
  static const option_table<c> table{{
      works("enabled", &c::enabled, "Off: one request in flight. The log is the queue either way."),
      works("num_consumers", &c::num_consumers, {.min = "1", .max = "1024", .clamped = true},
            "Requests in flight at the same time; more than 1024: that many."),
  }};
  return table;
}

const option_table<queue_shape>& queue_options() {
  using c = queue_shape;
  static const option_table<c> table{{
      embedded(&c::queue, &queue_config_options),
      switchable(block("batch", &c::batch, &queue_batch_options,
                       "How requests are cut; absent: as the pipeline's `batch` processor says.")),
      no_effect("queue_size", log_is_queue),
      works("sizer", &c::sizer, {.one_of = {"requests", "items", "bytes"}},
            "For `batch.sizer`, where that is absent; the queue itself is the log on disk."),
      no_effect("storage", log_is_queue),
      no_effect("wait_for_result", "clients are answered when their data is on disk"),
      no_effect("block_on_overflow", log_is_queue),
  }};
  return table;
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [text](std::string_view prefix) { return has_scheme(text, prefix); });
}

void check_grpc_endpoint(const section& map, std::string_view key, const std::string& endpoint) {
  std::string_view host = endpoint;
  for (const std::string_view scheme : {"http://", "https://", "dns://", "passthrough:///"})
    if (has_scheme(host, scheme)) {
      host.remove_prefix(scheme.size());
      if (scheme == "dns://")
        host.remove_prefix(std::min(host.find('/'), host.size() - 1) + 1);
      break;
    }
  if (starts_with_any(host, {"dns:", "unix:", "passthrough:"}))
    return map.error(key, fmt::format("found {}, expected host:port, perhaps with http://, "
                                      "https://, dns:/// or dns://server/ in front (unix sockets "
                                      "are not supported)",
                                      quoted(endpoint)));
  if (const auto parsed = net::parse_grpc_endpoint(endpoint);
      !parsed && endpoint.starts_with("dns://"))
    return map.error(key, parsed.error().message);
  if (host.ends_with('/'))
    host.remove_suffix(1);
  if (!is_host_port(host) || host.ends_with(":0") || has_invisible_bytes(host))
    map.error(key,
              fmt::format("found {}, expected host:port such as `tempo:4317`", quoted(endpoint)));
}

void check_grpc(const section& map, const backends::otlp_grpc_config& grpc) {
  using net::header_rules;
  check_headers(map, "headers", grpc.headers, header_rules::grpc);
  check_header(map, "authority", "authority", grpc.authority, header_rules::grpc);
  check_header(map, "user_agent", "user_agent", grpc.user_agent, header_rules::grpc);
  check_grpc_endpoint(map, "endpoint", grpc.endpoint);
  for (const auto& endpoint : grpc.endpoints)
    check_grpc_endpoint(map, "endpoints", endpoint);
}

template <class Kind>
const option_table<Kind>& auth_options() {
  static const option_table<Kind> table{{
      works("authenticator", &Kind::authenticator,
            "Id of an extension, `basicauth`, `bearertokenauth` or `headers_setter`, that adds to "
            "the headers."),
  }};
  return table;
}

const option_table<backends::otlp_grpc_config>& grpc_kind_options() {
  using c = backends::otlp_grpc_config;
  static const option_table<c> table{
      {
          works("endpoint", &c::endpoint, {.required = true},
                "host:port of the back end, `:port` for this host; with http:// in front plain "
                "text, with https:// TLS, with dns:/// as without, with dns://server/ asked of "
                "that DNS server. There is a connection to each address of a name, up to "
                "64."),
          works("endpoints", &c::endpoints,
                "More back ends; requests go to all of them in turn. (Weir's own.)"),
          works("balancer_name", &c::balancer_name, {.one_of = {"round_robin", "pick_first"}},
                "Requests go to all addresses in turn, or to one as long as that works. One that "
                "fails is left out, and tried again with growing pauses."),
          works("resolve_interval", &c::resolve_interval,
                "Names are resolved again after this long, and when a connection breaks; 0: only "
                "then. (Weir's own.)"),
          block("tls", &c::tls, &tls_client_options),
          works("compression", &c::compression, {.one_of = {"none", "gzip", "zstd", "snappy", ""}},
                "How requests are packed."),
          works("headers", &c::headers, {.secret = true}, "Metadata of every request."),
          works("timeout", &c::timeout, "For one attempt; 0: without limit."),
          works("authority", &c::authority, "The :authority of requests; absent: the endpoint."),
          works("user_agent", &c::user_agent, "Absent: `weir/<version>`."),
          switchable(group("auth", &auth_options<c>)),
      },
      c{},
      &check_grpc};
  return table;
}

const option_table<keepalive_client_shape>& keepalive_options() {
  using c = keepalive_client_shape;
  static const option_table<c> table{{
      works("time", &c::time, "A silent connection is pinged after this long; 0: never."),
      works("timeout", &c::timeout, "The ping must be answered within this time."),
      works("permit_without_stream", &c::permit_without_stream,
            "Also while no request is in flight."),
  }};
  return table;
}

const option_table<backends::otlp_http_config>& compression_params() {
  using c = backends::otlp_http_config;
  static const option_table<c> table{
      {works("level", &c::compression_level, {.min = "-2", .max = "22"},
             "The compressor's level; 0 and -1: its default; -2, of gzip and zlib: the fastest.")}};
  return table;
}

void check_http_endpoints(const section& map, const backends::otlp_http_config& http) {
  if (http.endpoint.empty() && http.traces_endpoint.empty() && http.metrics_endpoint.empty()
      && http.logs_endpoint.empty())
    map.error("", "found no endpoint, expected `endpoint` or one for a signal");
  for (const auto& [name, url] : {std::pair{"endpoint", &http.endpoint},
                                  {"traces_endpoint", &http.traces_endpoint},
                                  {"metrics_endpoint", &http.metrics_endpoint},
                                  {"logs_endpoint", &http.logs_endpoint}})
    if (!url->empty()
        && (!starts_with_any(*url, {"http://", "https://"}) || has_invisible_bytes(*url)))
      map.error(name,
                fmt::format("found {}, expected a URL such as `https://tempo:4318`", quoted(*url)));
  for (const auto& url : http.endpoints)
    if (!starts_with_any(url, {"http://", "https://"}) || has_invisible_bytes(url))
      map.error("endpoints",
                fmt::format("found {}, expected a URL such as `https://tempo:4318`", quoted(url)));
  if (!http.endpoints.empty() && http.endpoint.empty())
    map.error("", "found `endpoints` without `endpoint`, expected the first of them there");
}

// A level that the encoding does not have would only show when a request is packed.
void check_compression_level(const section& map, const backends::otlp_http_config& http) {
  const auto encoding = codec::http_encoding(http.compression == "none" ? "" : http.compression);
  if (http.compression_level == 0 || http.compression_level == -1 || !encoding)
    return;
  const bool leveled = *encoding == codec::encoding::gzip || *encoding == codec::encoding::zlib
                       || *encoding == codec::encoding::zstd || *encoding == codec::encoding::lz4;
  const int most = *encoding == codec::encoding::zstd  ? 22
                   : *encoding == codec::encoding::lz4 ? 12
                                                       : 9;
  if (!leveled)
    map.error("compression_params", fmt::format("found a level, expected none: compression {} has "
                                                "no levels",
                                                quoted(http.compression)));
  else if (http.compression_level < 0 && most != 9)
    map.error(
        "compression_params",
        fmt::format("found the level {}, which gzip and zlib alone have", http.compression_level));
  else if (http.compression_level > most)
    map.error("compression_params",
              fmt::format("found the level {}, expected at most {} for compression {}",
                          http.compression_level, most, quoted(http.compression)));
}

void check_http(const section& map, const backends::otlp_http_config& http) {
  check_http_endpoints(map, http);
  check_compression_level(map, http);
  check_headers(map, "headers", http.headers, net::header_rules::http);
}

const option_table<backends::otlp_http_config>& http_kind_options() {
  using c = backends::otlp_http_config;
  static const option_table<c> table{
      {
          works("endpoint", &c::endpoint, "Base URL; `/v1/traces` and so on is added."),
          works(
              "endpoints", &c::endpoints,
              "More base URLs; requests go to all of them in turn, and one that fails is left out "
              "for growing pauses. (Weir's own.)"),
          works("resolve_interval", &c::resolve_interval,
                "Names are resolved again, and connections made anew, after this long; 0: a "
                "connection stays as long as it works. (Weir's own.)"),
          works("traces_endpoint", &c::traces_endpoint, "URL for traces, taken as it is."),
          works("metrics_endpoint", &c::metrics_endpoint, "URL for metrics, taken as it is."),
          works("logs_endpoint", &c::logs_endpoint, "URL for logs, taken as it is."),
          no_effect("profiles_endpoint", "there are no pipelines of profiles"),
          block("tls", &c::tls, &tls_client_options),
          works("compression", &c::compression,
                {.one_of = {"none", "gzip", "zstd", "snappy", "deflate", "zlib", "lz4",
                            "x-snappy-framed", ""}},
                "How requests are packed."),
          group("compression_params", &compression_params),
          works("headers", &c::headers, {.secret = true}, "Headers of every request."),
          works("timeout", &c::timeout, "For one attempt; 0: without limit."),
          works("proxy_url", &c::proxy_url,
                "A proxy to go through; absent: as HTTP_PROXY, HTTPS_PROXY and NO_PROXY say."),
          switchable(group("auth", &auth_options<c>)),
          works("encoding", &c::encoding, {.one_of = {"proto", "json"}},
                "How requests are written."),
          no_effect("max_idle_conns", pooled),
          no_effect("max_idle_conns_per_host", pooled),
          no_effect("max_conns_per_host", pooled),
          no_effect("idle_conn_timeout", pooled),
          no_effect("force_attempt_http2", "HTTP/2 is used where the server offers it"),
          no_effect("http2_read_idle_timeout", "`timeout` bounds every request"),
          no_effect("http2_ping_timeout", "`timeout` bounds every request"),
          refused("disable_keep_alives", "connections are always kept"),
          refused("cookies", "cookies are not there yet"),
      },
      c{},
      &check_http};
  return table;
}

/// What both kinds share, around the options of the kind.
template <class Shape, class Kind>
option_table<Shape> server_exporter(Kind Shape::*kind, table_of<Kind> options) {
  return {{
      embedded(kind, options),
      block("retry_on_failure", &Shape::retry, &retry_options),
      block("sending_queue", &Shape::queue, &queue_options),
      embedded(&Shape::delivery, &delivery_options),
      no_effect("read_buffer_size", no_buffers),
      no_effect("write_buffer_size", no_buffers),
      refused("middlewares", "Weir has no middlewares"),
  }};
}

} // namespace

bool has_scheme(std::string_view text, std::string_view scheme) {
  return text.size() >= scheme.size() && same_word(text.substr(0, scheme.size()), scheme);
}

std::string normal_endpoint(std::string endpoint) {
  constexpr std::string_view behind_scheme = "://";
  const auto split = endpoint.find(behind_scheme);
  const auto host = split == std::string::npos ? 0 : split + behind_scheme.size();
  std::transform(endpoint.begin(), endpoint.begin() + static_cast<std::ptrdiff_t>(host),
                 endpoint.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto name = endpoint.find_first_not_of('/', host);
  if (name != std::string::npos && endpoint[name] == ':')
    endpoint.insert(name, "localhost");
  return endpoint;
}

const option_table<otlp_grpc_shape>& otlp_grpc_options() {
  static const option_table<otlp_grpc_shape> table = [] {
    auto made = server_exporter(&otlp_grpc_shape::kind, &grpc_kind_options);
    made.options.push_back(switchable(
        block("keepalive", &otlp_grpc_shape::keepalive, &keepalive_options, "Pings; absent: none."),
        when_empty::absent));
    made.options.push_back(no_effect("wait_for_ready", "requests are tried again until they pass"));
    return made;
  }();
  return table;
}

const option_table<otlp_http_shape>& otlp_http_options() {
  static const option_table<otlp_http_shape> table =
      server_exporter(&otlp_http_shape::kind, &http_kind_options);
  return table;
}

namespace {

const option_table<backends::debug_config>& debug_kind_options() {
  using c = backends::debug_config;
  static const option_table<c> table{
      {
          works("verbosity", &c::verbosity, {.one_of = {"basic", "normal", "detailed"}},
                "A line a request; one for each item as well; every field of every item."),
          works("sampling_initial", &c::sampling_initial, {.min = "0"},
                "Requests a second, of each signal, that are always shown."),
          works("sampling_thereafter", &c::sampling_thereafter, {.min = "0"},
                "Beyond these, one request in this many; 0: none."),
          works("use_internal_logger", &c::use_internal_logger,
                "Lines go to the log; else to `output_paths`."),
          works("output_paths", &c::output_paths,
                "Files, `stdout` or `stderr`, without `use_internal_logger`."),
          no_effect("sending_queue", log_is_queue),
          refused("loglevel", "it was replaced by `verbosity: basic`"),
      },
      c{},
      [](const section& map, const c& debug) {
        if (debug.use_internal_logger && debug.output_paths != c{}.output_paths)
          map.warn("output_paths", "no effect: it goes with `use_internal_logger: false`");
      }};
  return table;
}

const option_table<backends::rotation_config>& rotation_options() {
  using c = backends::rotation_config;
  static const option_table<c> table{{
      works("max_megabytes", &c::max_megabytes, {.max = "1048576"},
            "A file does not grow beyond this many MiB; 0: 100."),
      works("max_days", &c::max_days, {.max = "36500"},
            "Rotated files older than this go; 0: whatever their age."),
      works("max_backups", &c::max_backups, "So many rotated files stay; 0: all."),
      works("localtime", &c::localtime, "The time in their names is local, else UTC."),
  }};
  return table;
}

const option_table<backends::file_config>& file_compression_params() {
  using c = backends::file_config;
  static const option_table<c> table{
      {works("level", &c::compression_level, {.min = "-1", .max = "22"},
             "The compressor's level; 0 and -1: its default.")}};
  return table;
}

const option_table<backends::file_config>& file_kind_options() {
  using c = backends::file_config;
  static const option_table<c> table{
      {
          works("path", &c::path, {.required = true}, "Where the records go."),
          works("format", &c::format, {.one_of = {"json", "proto"}},
                "A line of JSON a request, or protobuf behind four bytes of length, big-endian."),
          works("compression", &c::compression, {.one_of = {"", "none", "zstd"}},
                "Packs each record; it stands behind its length then, JSON as well."),
          group("compression_params", &file_compression_params),
          works("append", &c::append, "Keeps what stands in the file at start."),
          block("rotation", &c::rotation, &rotation_options,
                "A full file is renamed to `<name>-<time>.<ext>`; absent: the file just grows. "
                "What stands in the file at start is kept."),
          no_effect("flush_interval",
                    "records are in the file before their place in the log moves on"),
          works("create_directory", &c::create_directory, "Makes the directory of `path`."),
          works("directory_permissions", &c::directory_permissions,
                "Of the directories made, in octal."),
          refused("encoding", "encoding extensions are not there yet"),
          refused("group_by", "not there yet"),
      },
      c{},
      [](const section& map, const c& file) {
        if (file.append && file.rotation)
          map.error("append", "found it beside `rotation`, expected one of them: with rotation the "
                              "file is gone on with in any case");
        if (!file.create_directory && file.directory_permissions != c{}.directory_permissions)
          map.warn("directory_permissions", "no effect: it goes with `create_directory: true`");
      }};
  return table;
}

const option_table<backends::nop_config>& nop_kind_options() {
  static const option_table<backends::nop_config> table{};
  return table;
}

/// What all exporters have, around the options of the kind.
template <class Kind>
const option_table<exporter_shape<Kind>>& with_delivery(table_of<Kind> options) {
  using c = exporter_shape<Kind>;
  static const option_table<c> table{
      {embedded(&c::kind, options), embedded(&c::delivery, &delivery_options)}};
  return table;
}

} // namespace

const option_table<exporter_shape<backends::debug_config>>& debug_options() {
  return with_delivery<backends::debug_config>(&debug_kind_options);
}

const option_table<exporter_shape<backends::file_config>>& file_options() {
  return with_delivery<backends::file_config>(&file_kind_options);
}

const option_table<exporter_shape<backends::nop_config>>& nop_options() {
  return with_delivery<backends::nop_config>(&nop_kind_options);
}

} // namespace weir::app
