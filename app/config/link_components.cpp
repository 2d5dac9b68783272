#include "app/config/link.hpp"
#include "app/config/link_auth.hpp"
#include "net/header_text.hpp"

#include <algorithm>
#include <fmt/format.h>

// Receivers, exporters and extensions, and who asks whom for credentials; telemetry.
namespace weir::app {

namespace {

// Of `sending_queue.batch.max_size` in bytes.
constexpr std::uint64_t most_request_bytes = 64 << 20;

template <class Shape, class Kind>
void server_exporter(const Shape& shape, Kind kind, backends::exporter_config& made) {
  if (kind.compression.empty())
    kind.compression = "none";
  made.kind = std::move(kind);
  made.retry = shape.retry;
  made.queue = shape.queue.queue;
  link_delivery(shape.delivery, made);
  if (!made.queue.enabled)
    made.queue.num_consumers = 1;
  if (const auto& batch = shape.queue.batch) {
    made.batch.emplace();
    const auto& sizer = batch->sizer.empty() ? shape.queue.sizer : batch->sizer;
    if (sizer == "bytes") {
      made.batch->min_bytes = batch->min_size;
      if (batch->max_size != 0)
        made.batch->max_bytes = std::min(batch->max_size, most_request_bytes);
    } else {
      made.batch->min_items = batch->min_size;
      made.batch->max_items = batch->max_size;
    }
    made.batch->timeout = batch->flush_timeout;
  }
}

/// `host:port` with a host of one address family where the transport asks for it.
std::string endpoint_of_family(const std::string& endpoint, std::string_view transport) {
  const auto port = endpoint.rfind(':');
  const auto host = endpoint.substr(0, port);
  const bool any = host.empty() || host == "0.0.0.0" || host == "[::]";
  if (transport == "tcp" || (!any && host != "localhost"))
    return endpoint;
  const auto* address =
      transport == "tcp4" ? (any ? "0.0.0.0" : "127.0.0.1") : (any ? "[::]" : "[::1]");
  return address + endpoint.substr(port);
}

net::otlp_listener_config listener_of(const listener_shape& shape) {
  auto made = shape.config;
  made.endpoint = endpoint_of_family(made.endpoint, shape.transport);
  for (auto* path : {&made.traces_url_path, &made.metrics_url_path, &made.logs_url_path})
    if (!path->starts_with('/'))
      path->insert(0, "/");
  return made;
}

/// Endpoints of an exporter in one spelling.
template <class Kind>
void normalise_endpoints(Kind& kind) {
  kind.endpoint = normal_endpoint(std::move(kind.endpoint));
  for (auto& endpoint : kind.endpoints)
    endpoint = normal_endpoint(std::move(endpoint));
  if constexpr (requires { kind.traces_endpoint; })
    for (auto* url : {&kind.traces_endpoint, &kind.metrics_endpoint, &kind.logs_endpoint})
      *url = normal_endpoint(std::move(*url));
}

std::string host_port(const pull_shape& pull) {
  const bool v6 = pull.host.find(':') != std::string::npos && !pull.host.starts_with('[');
  return v6 ? fmt::format("[{}]:{}", pull.host, pull.port)
            : fmt::format("{}:{}", pull.host, pull.port);
}

std::vector<std::string> metrics_endpoints(const metrics_shape& shape) {
  if (shape.level == "none")
    return {};
  if (!shape.address.empty())
    return {shape.address};
  std::vector<std::string> endpoints;
  for (const auto& reader : shape.readers)
    if (reader.pull)
      if (auto endpoint = host_port(*reader.pull);
          std::find(endpoints.begin(), endpoints.end(), endpoint) == endpoints.end())
        endpoints.push_back(std::move(endpoint));
  return endpoints.empty() ? std::vector{host_port(pull_shape{})} : endpoints;
}

} // namespace

net::otlp_receiver_config linker::receiver(const component& c) {
  const auto& shape = std::get<otlp_receiver_shape>(c.config);
  net::otlp_receiver_config made;
  made.id = c.id;
  for (const auto& protocol : {shape.grpc, shape.http})
    if (protocol) {
      made.listeners.push_back(listener_of(*protocol));
      std::erase_if(made.listeners.back().response_headers, [](const auto& header) {
        return net::is_transport_header(header.first, net::header_rules::http);
      });
      authenticate(c, made.listeners.back());
      keep_headers(c, made.listeners.back());
    }
  return made;
}

backends::exporter_config linker::exporter(const component& c) {
  backends::exporter_config made;
  made.id = c.id;
  std::visit(overloaded{
                 [&](const otlp_grpc_shape& shape) {
                   auto kind = shape.kind;
                   normalise_endpoints(kind);
                   if (shape.keepalive) {
                     kind.keepalive_time = shape.keepalive->time;
                     kind.keepalive_timeout = shape.keepalive->timeout;
                     kind.keepalive_permit_without_stream = shape.keepalive->permit_without_stream;
                   }
                   authenticate_exporter(c, kind);
                   server_exporter(shape, std::move(kind), made);
                 },
                 [&](const otlp_http_shape& shape) {
                   auto kind = shape.kind;
                   normalise_endpoints(kind);
                   authenticate_exporter(c, kind);
                   server_exporter(shape, std::move(kind), made);
                 },
                 [&]<class Kind>(const exporter_shape<Kind>& shape) {
                   made.kind = shape.kind;
                   link_delivery(shape.delivery, made);
                 },
                 [](const auto&) {},
             },
             c.config);
  return made;
}

void linker::keep_headers(const component& c, net::otlp_listener_config& listener) {
  const auto& keys = asked_[c.id];
  listener.metadata_keys.assign(keys.begin(), keys.end());
  if (!keys.empty() && !listener.include_metadata)
    reports_.warn(c.position, c.path,
                  fmt::format("without `include_metadata: true` what stands behind it does not get "
                              "the header {}",
                              quoted(*keys.begin())));
}

const component* linker::authenticator(const component& c, const std::string& path,
                                       const std::string& id) {
  const auto& used = source_.service.extensions;
  const auto* found = resolve("extensions", id, c.position, path);
  const auto in_use = [&](const std::string& written) {
    std::string problem;
    return found != nullptr && normal_id(written, problem) == found->id;
  };
  if (found == nullptr || std::any_of(used.begin(), used.end(), in_use))
    return found;
  reports_.error(c.position, path,
                 fmt::format("found {}, which is not in `service.extensions`", quoted(id)));
  return nullptr;
}

void linker::authenticate(const component& c, net::otlp_listener_config& listener) {
  take_over(c, c.path + ".protocols." + (listener.grpc ? "grpc" : "http"), listener.authenticator,
            &server_auth_of, listener.auth);
}

template <class Kind>
void linker::authenticate_exporter(const component& c, Kind& kind) {
  take_over(c, c.path, kind.authenticator, &client_auth_of, kind.auth);
}

template <class Auth>
void linker::take_over(const component& c, std::string path, const std::string& id,
                       result<Auth> (*read)(const component&), Auth& target) {
  path += ".auth.authenticator";
  const auto* found = id.empty() ? nullptr : authenticator(c, path, id);
  if (found == nullptr)
    return;
  if (auto auth = read(*found))
    target = std::move(*auth);
  else
    reports_.error(c.position, path, fmt::format("found {}, {}", quoted(id), auth.error().message));
}

void linker::extensions(node_config& config) {
  const auto& ids = source_.service.extensions;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto* c = resolve("extensions", ids[i], source_.service.extension_places[i],
                            fmt::format("service.extensions[{}]", i));
    const auto* health = c == nullptr ? nullptr : std::get_if<health_check_shape>(&c->config);
    if (health == nullptr)
      continue;
    auto& made = config.health_checks.emplace_back(linked(*health));
    made.id = c->id;
    take_over(*c, c->path + (health->use_v2 ? ".http" : ""), made.authenticator, &server_auth_of,
              made.auth);
  }
}

telemetry_config linker::telemetry() const {
  const auto& shape = source_.service.telemetry;
  telemetry_config made;
  made.logs = shape.logs;
  made.metrics_endpoints = metrics_endpoints(shape.metrics);
  return made;
}

void linker::name_missing() {
  for (const auto& section : component_sections())
    name_missing(section.word, source_.components_of(section.key));
}

void linker::name_missing(std::string_view word, const std::vector<component>& components) {
  for (const auto& c : components) {
    if (c.missing.empty())
      continue;
    const auto message =
        fmt::format("found the {} type {}, {}", word, quoted(type_of_id(c.id)), c.missing);
    if (used_.contains(c.path))
      reports_.error(c.position, c.path, message);
    else
      reports_.warn(c.position, c.path, message + ": not read, as nothing uses it");
  }
}

} // namespace weir::app
