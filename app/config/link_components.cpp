#include "app/config/link.hpp"
#include "app/config/link_auth.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>

// Receivers, exporters and extensions, and who asks whom for credentials; telemetry.
namespace weir::app {

namespace {

template <class Shape, class Kind>
void server_exporter(const Shape& shape, Kind kind, backends::exporter_config& made) {
  if (kind.compression.empty())
    kind.compression = "none";
  made.kind = std::move(kind);
  made.retry = shape.retry;
  made.queue = shape.queue.queue;
  if (!made.queue.enabled)
    made.queue.num_consumers = 1;
  if (const auto& batch = shape.queue.batch) {
    made.batch.emplace();
    made.batch->min_items = batch->min_size;
    made.batch->max_items = batch->max_size;
    made.batch->timeout = batch->flush_timeout;
  }
}

std::string host_port(const pull_shape& pull) {
  const bool v6 = pull.host.find(':') != std::string::npos && !pull.host.starts_with('[');
  return v6 ? fmt::format("[{}]:{}", pull.host, pull.port)
            : fmt::format("{}:{}", pull.host, pull.port);
}

} // namespace

net::otlp_receiver_config linker::receiver(const component& c) {
  const auto& shape = std::get<otlp_receiver_shape>(c.config);
  net::otlp_receiver_config made;
  made.id = c.id;
  for (const auto& listener : {shape.grpc, shape.http})
    if (listener) {
      made.listeners.push_back(*listener);
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
                   authenticate_exporter(c, kind);
                   server_exporter(shape, std::move(kind), made);
                 },
                 [&](const backends::debug_config& kind) { made.kind = kind; },
                 [&](const backends::file_config& kind) { made.kind = kind; },
                 [&](const backends::nop_config& kind) { made.kind = kind; },
                 [](const auto&) {},
             },
             c.config);
  return made;
}

void linker::keep_headers(const component& c, net::otlp_listener_config& listener) {
  const auto& keys = asked_[c.id];
  listener.metadata_keys.assign(keys.begin(), keys.end());
  if (!keys.empty() && !listener.include_metadata)
    reports_.warn(c.where, c.path,
                  fmt::format("without `include_metadata: true` what stands behind it does not get "
                              "the header {}",
                              quoted(*keys.begin())));
}

const component* linker::authenticator(const component& c, const std::string& path,
                                       const std::string& id) {
  const auto& used = source_.service.extensions;
  const auto* found = resolve("extensions", id, c.where, path);
  const auto in_use = [&](const std::string& written) {
    std::string problem;
    return found != nullptr && normal_id(written, problem) == found->id;
  };
  if (found == nullptr || std::any_of(used.begin(), used.end(), in_use))
    return found;
  reports_.error(c.where, path,
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
                       result<Auth> (*read)(const component&), Auth& to) {
  path += ".auth.authenticator";
  const auto* found = id.empty() ? nullptr : authenticator(c, path, id);
  if (found == nullptr)
    return;
  if (auto auth = read(*found))
    to = std::move(*auth);
  else
    reports_.error(c.where, path, fmt::format("found {}, {}", quoted(id), auth.error().message));
}

void linker::extensions(node_config& config) {
  const auto& ids = source_.service.extensions;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto* c = resolve("extensions", ids[i], source_.service.extension_places[i],
                            fmt::format("service.extensions[{}]", i));
    const auto* health = c == nullptr ? nullptr : std::get_if<health_check_shape>(&c->config);
    if (health != nullptr && config.health_check)
      reports_.error(c->where, c->path, "found a second health_check in use, expected one");
    if (health == nullptr)
      continue;
    auto& made = config.health_check.emplace(linked(*health));
    take_over(*c, c->path + (health->use_v2 ? ".http" : ""), made.authenticator, &server_auth_of,
              made.auth);
  }
}

telemetry_config linker::telemetry() const {
  const auto& shape = source_.service.telemetry;
  telemetry_config made;
  made.logs = shape.logs;
  std::transform(made.logs.level.begin(), made.logs.level.end(), made.logs.level.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (shape.metrics.level == "none")
    made.metrics_endpoint.clear();
  else if (!shape.metrics.address.empty())
    made.metrics_endpoint = shape.metrics.address;
  else if (!shape.metrics.readers.empty() && shape.metrics.readers[0].pull)
    made.metrics_endpoint = host_port(*shape.metrics.readers[0].pull);
  return made;
}

void linker::name_missing() {
  for (const auto& section : component_sections())
    for (const auto& c : source_.of(section.key)) {
      if (!c.missing)
        continue;
      const auto what = fmt::format("found the {} type {}, which is not there yet", section.word,
                                    quoted(type_of_id(c.id)));
      if (used_.contains(c.path))
        reports_.error(c.where, c.path, what);
      else
        reports_.warn(c.where, c.path, what + ": not read, as nothing uses it");
    }
}

} // namespace weir::app
