#include "app/config/header_options.hpp"
#include "app/config/option_group.hpp"
#include "app/config/tables.hpp"

#include <fmt/format.h>

// The extensions health_check and healthcheckv2.
namespace weir::app {

namespace {

const option_table<health_check_config>& body_options() {
  using c = health_check_config;
  static const option_table<c> table{{
      works("healthy", &c::healthy_body, "The answer's body when ready; absent: JSON."),
      works("unhealthy", &c::unhealthy_body, "The same when not ready."),
  }};
  return table;
}

template <class Shape>
const option_table<Shape>& auth_options() {
  static const option_table<Shape> table{{
      works("authenticator", &Shape::authenticator,
            "Id of an extension, `basicauth` or `bearertokenauth`, that says who may look."),
  }};
  return table;
}

/// What the Collector's server takes besides, and these pages have fixed: for any Shape.
template <class Shape>
void add_server_options(std::vector<option<Shape>>& options) {
  for (const auto name :
       {"max_request_body_size", "include_metadata", "compression_algorithms", "read_timeout",
        "read_header_timeout", "write_timeout", "idle_timeout", "keep_alives_enabled"})
    options.push_back(no_effect(name, "the page answers short requests, within fixed limits"));
  options.push_back(only("transport", "tcp", "Unix sockets are not there yet"));
  options.push_back(refused("middlewares", "Weir has no middlewares"));
}

void check_path(const section& map, const std::string& path) {
  if (!path.starts_with('/'))
    map.error("path", fmt::format("found {}, expected a path that begins with `/`", quoted(path)));
}

option_table<health_check_config> make_v1_options() {
  using c = health_check_config;
  option_table<c> table{
      {
          works("endpoint", &c::endpoint, "host:port to listen on."),
          works("path", &c::path, "Answers 200 when ready; `/live` and `/ready` do as well."),
          group("response_body", &body_options),
          no_effect("check_collector_pipeline", "the Collector ignores it as well"),
          switchable(block("tls", &c::tls, &tls_server_options, "TLS; absent: plain text."),
                     when_empty::absent),
          switchable(group("auth", &auth_options<c>)),
          works("response_headers", &c::response_headers, "Headers added to every answer."),
          refused("cors", "browsers of other origins are not let in"),
      },
      c{},
      [](const section& map, const c& health) {
        check_listen_endpoint(map, health.endpoint);
        check_path(map, health.path);
        check_headers(map, "response_headers", health.response_headers, net::header_rules::http);
      }};
  add_server_options(table.options);
  return table;
}

const option_table<health_check_config>& v1_options() {
  static const auto table = make_v1_options();
  return table;
}

const option_table<health_status_shape>& status_options() {
  using c = health_status_shape;
  static const option_table<c> table{
      {
          works("enabled", &c::enabled, "Whether there is such a page."),
          works("path", &c::path,
                "Says as JSON whether the node is well; `?pipeline=traces` asks for one pipeline, "
                "`?verbose` shows all."),
      },
      c{},
      [](const section& map, const c& status) { check_path(map, status.path); }};
  return table;
}

struct nothing {};
const option_table<nothing>& config_page_options() {
  static const option_table<nothing> table{{
      only("enabled", "false", "`weir print-config` shows it"),
      no_effect("path", "there is no such page"),
  }};
  return table;
}

/// `http.config`, of which nothing is kept.
option<health_http_shape> config_page() {
  return {{"config"},
          [](const section& map, health_http_shape&) {
            nothing none;
            if (map.given("config"))
              detail::read_section(map, "config", config_page_options(), none);
          },
          [](YAML::Emitter&, const health_http_shape&) {},
          [](std::vector<reference_row>& rows, const std::string& path, const health_http_shape&) {
            describe_table(rows, config_page_options(), join_path(path, "config"), nothing{});
          },
          [](const health_http_shape&, const health_http_shape&, const std::string&,
             difference_list&) {}};
}

option_table<health_http_shape> make_http_options() {
  using c = health_http_shape;
  option_table<c> table{
      {
          works("endpoint", &c::endpoint, "host:port to listen on."),
          block("status", &c::status, &status_options),
          config_page(),
          switchable(block("tls", &c::tls, &tls_server_options, "TLS; absent: plain text."),
                     when_empty::absent),
          switchable(group("auth", &auth_options<c>)),
          works("response_headers", &c::response_headers, "Headers added to every answer."),
          refused("cors", "browsers of other origins are not let in"),
      },
      c{},
      [](const section& map, const c& http) {
        check_listen_endpoint(map, http.endpoint);
        check_headers(map, "response_headers", http.response_headers, net::header_rules::http);
      }};
  add_server_options(table.options);
  return table;
}

const option_table<health_http_shape>& http_options() {
  static const auto table = make_http_options();
  return table;
}

const option_table<component_health_config>& component_health_options() {
  using c = component_health_config;
  static const option_table<c> table{{
      works("include_permanent_errors", &c::include_permanent_errors,
            "Whether an exporter whose back end refuses for good makes the answer 500."),
      works("include_recoverable_errors", &c::include_recoverable_errors,
            "The same for one whose back end is away for longer than `recovery_duration`."),
      works("recovery_duration", &c::recovery_duration, "How long a back end may be away."),
  }};
  return table;
}

void add_v2_options(option_table<health_check_shape>& table) {
  table.options.push_back(
      block("http", &health_check_shape::http, &http_options, "The pages of version 2."));
  table.options.push_back(refused("grpc", "health over gRPC is not there yet"));
  table.options.push_back(
      block("component_health", &health_check_shape::components, &component_health_options));
}

} // namespace

namespace {

/// Both extensions have the same options, and differ in the version that they are.
option_table<health_check_shape> versioned_options(bool use_v2) {
  using c = health_check_shape;
  option_table<c> made{{
      embedded(&c::v1, &v1_options),
      works("use_v2", &c::use_v2, "The pages of `http` instead of `path`."),
  }};
  add_v2_options(made);
  made.defaults.use_v2 = use_v2;
  return made;
}

} // namespace

const option_table<health_check_shape>& health_check_options() {
  static const option_table<health_check_shape> table = [] {
    auto made = versioned_options(false);
    made.check = [](const section& map, const health_check_shape& health) {
      if (health.http && !health.use_v2)
        map.error("http", "found the pages of version 2, expected `use_v2: true` with them");
    };
    return made;
  }();
  return table;
}

const option_table<health_check_shape>& healthcheckv2_options() {
  static const option_table<health_check_shape> table = [] {
    auto made = versioned_options(true);
    made.check = [](const section& map, const health_check_shape& health) {
      if (health.http && !health.use_v2)
        map.warn("http", "no effect with `use_v2: false`: the page of `path` is served");
      for (const auto* name : {"endpoint", "path"})
        if (health.use_v2 && map.given(name))
          map.warn(name, "no effect without `use_v2: false`: the pages of `http` are served");
    };
    return made;
  }();
  return table;
}

health_check_config linked(const health_check_shape& shape) {
  if (!shape.use_v2)
    return shape.v1;
  const auto http = shape.http.value_or(health_http_shape{});
  health_check_config made;
  made.endpoint = http.endpoint;
  made.tls = http.tls;
  made.authenticator = http.authenticator;
  made.response_headers = http.response_headers;
  made.components = shape.components;
  made.path.clear();
  if (http.status.enabled)
    made.status_path = http.status.path;
  return made;
}

} // namespace weir::app
