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

void check_path(const section& at, const std::string& path) {
  if (!path.starts_with('/'))
    at.error("path", fmt::format("found {}, expected a path that begins with `/`", quoted(path)));
}

const option_table<health_check_config>& v1_options() {
  using c = health_check_config;
  static const option_table<c> table{
      {
          works("endpoint", &c::endpoint, "host:port to listen on."),
          works("path", &c::path, "Answers 200 when ready; `/live` and `/ready` do as well."),
          group("response_body", &body_options),
          no_effect("check_collector_pipeline", "the Collector ignores it as well"),
          block("tls", &c::tls, &tls_server_options, "TLS; absent: plain text."),
          group("auth", &auth_options<c>),
          works("response_headers", &c::response_headers, "Headers added to every answer."),
          refused("cors", "browsers of other origins are not let in"),
      },
      c{},
      [](const section& at, const c& health) {
        check_listen_endpoint(at, health.endpoint);
        check_path(at, health.path);
      }};
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
      [](const section& at, const c& status) { check_path(at, status.path); }};
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
          [](const section& at, health_http_shape&) {
            nothing none;
            if (at.given("config"))
              detail::read_section(at, "config", config_page_options(), none);
          },
          [](YAML::Emitter&, const health_http_shape&) {},
          [](std::vector<reference_row>& rows, const std::string& path, const health_http_shape&) {
            describe_table(rows, config_page_options(), join_path(path, "config"), nothing{});
          }};
}

const option_table<health_http_shape>& http_options() {
  using c = health_http_shape;
  static const option_table<c> table{
      {
          works("endpoint", &c::endpoint, "host:port to listen on."),
          block("status", &c::status, &status_options),
          config_page(),
          block("tls", &c::tls, &tls_server_options, "TLS; absent: plain text."),
          group("auth", &auth_options<c>),
          works("response_headers", &c::response_headers, "Headers added to every answer."),
          refused("cors", "browsers of other origins are not let in"),
      },
      c{},
      [](const section& at, const c& http) { check_listen_endpoint(at, http.endpoint); }};
  return table;
}

void add_v2_options(option_table<health_check_shape>& table) {
  table.options.push_back(
      block("http", &health_check_shape::http, &http_options, "The pages of version 2."));
  table.options.push_back(refused("grpc", "health over gRPC is not there yet"));
  table.options.push_back(
      no_effect("component_health",
                "a node is starting, well or stopping; back ends that are away leave it well"));
}

} // namespace

const option_table<health_check_shape>& health_check_options() {
  static const option_table<health_check_shape> table = [] {
    using c = health_check_shape;
    option_table<c> made{{
        embedded(&c::v1, &v1_options),
        works("use_v2", &c::use_v2, "The pages of `http` instead of `path`."),
    }};
    add_v2_options(made);
    made.check = [](const section& at, const c& health) {
      if (health.http && !health.use_v2)
        at.error("http", "found the pages of version 2, expected `use_v2: true` with them");
    };
    return made;
  }();
  return table;
}

const option_table<health_check_shape>& healthcheckv2_options() {
  static const option_table<health_check_shape> table = [] {
    option_table<health_check_shape> made;
    made.defaults.use_v2 = true;
    add_v2_options(made);
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
  made.path.clear();
  if (http.status.enabled)
    made.status_path = http.status.path;
  return made;
}

} // namespace weir::app
