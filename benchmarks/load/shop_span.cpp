#include "benchmarks/load/shop_span.hpp"

#include "benchmarks/load/wire.hpp"

#include <array>
#include <fmt/format.h>

namespace weir::load {

namespace {

constexpr std::uint32_t span_attributes = 9, resource_attributes = 1;

void attribute(std::string& out, std::uint32_t number, std::string_view key,
               std::string_view text) {
  std::string value, pair;
  put_bytes(value, 1, text);
  put_bytes(pair, 1, key);
  put_bytes(pair, 2, value);
  put_bytes(out, number, pair);
}

void attribute(std::string& out, std::uint32_t number, std::string_view key,
               std::uint64_t integer) {
  std::string value, pair;
  put_uint(value, 3, integer);
  put_bytes(pair, 1, key);
  put_bytes(pair, 2, value);
  put_bytes(out, number, pair);
}

std::string raw_id(std::uint64_t id) {
  return {reinterpret_cast<const char*>(&id), sizeof id};
}

void http_attributes(const shop_span& span, chance& random, std::string& out) {
  const auto space = span.made->name.find(' ');
  const auto route = span.made->name.substr(space + 1);
  auto path = std::string(route);
  if (const auto found = path.find("{id}"); found != std::string::npos)
    path.replace(found, 4, fmt::format("{:08X}", random.below(4000)));
  attribute(out, span_attributes, "http.request.method", span.made->name.substr(0, space));
  attribute(out, span_attributes, "url.path", path);
  attribute(out, span_attributes, "http.route", route);
  attribute(out, span_attributes, "http.response.status_code", span.failed ? 500U : 200U);
  attribute(out, span_attributes, "server.address", span.made->service);
  attribute(out, span_attributes, "server.port", 8080U);
  if (span.parent == 0) {
    attribute(out, span_attributes, "client.address",
              fmt::format("10.{}.{}.{}", random.below(4), random.below(250), random.below(250)));
    attribute(out, span_attributes, "user.id", fmt::format("u-{:06}", random.below(50'000)));
    attribute(out, span_attributes, "session.id", fmt::format("{:016x}", random.bits()));
  }
}

void rpc_attributes(const shop_span& span, std::string& out) {
  const auto slash = span.made->name.find('/');
  attribute(out, span_attributes, "rpc.system", "grpc");
  attribute(out, span_attributes, "rpc.service", span.made->name.substr(0, slash));
  attribute(out, span_attributes, "rpc.method", span.made->name.substr(slash + 1));
  attribute(out, span_attributes, "rpc.grpc.status_code", span.failed ? 13U : 0U);
  attribute(out, span_attributes, "server.address", span.made->service);
}

void database_attributes(const shop_span& span, chance& random, std::string& out) {
  const auto space = span.made->name.find(' ');
  attribute(out, span_attributes, "db.system",
            space == std::string_view::npos ? "redis" : "postgresql");
  attribute(out, span_attributes, "db.operation.name", span.made->name.substr(0, space));
  attribute(out, span_attributes, "db.namespace", span.made->service);
  attribute(out, span_attributes, "db.response.returned_rows", random.below(40));
}

void queue_attributes(const shop_span& span, std::string& out) {
  attribute(out, span_attributes, "messaging.system", "kafka");
  attribute(out, span_attributes, "messaging.destination.name", "orders");
  attribute(out, span_attributes, "messaging.operation.type",
            span.kind == span_kind::producer ? "publish" : "process");
}

void attributes(const shop_span& span, chance& random, std::string& out) {
  switch (span.made->kind) {
  case protocol::http:
    return http_attributes(span, random, out);
  case protocol::rpc:
    return rpc_attributes(span, out);
  case protocol::database:
    return database_attributes(span, random, out);
  case protocol::queue:
    return queue_attributes(span, out);
  case protocol::internal:
    attribute(out, span_attributes, "code.function.name", span.made->name);
    return attribute(out, span_attributes, "thread.id", 1 + random.below(32));
  }
}

void payload(std::size_t bytes, chance& random, std::string& out) {
  std::string raw, value, pair;
  while (raw.size() < bytes)
    raw += raw_id(random.bits());
  raw.resize(bytes);
  put_bytes(value, 7, raw);
  put_bytes(pair, 1, "payload");
  put_bytes(pair, 2, value);
  put_bytes(out, span_attributes, pair);
}

void exception_event(const shop_span& span, chance& random, std::string& out) {
  constexpr std::array<std::string_view, 4> types{"TimeoutError", "ConnectionReset", "InvalidState",
                                                  "ResourceExhausted"};
  const auto type = types[random.below(types.size())];
  std::string event;
  put_fixed64(event, 1, span.end_ns - 1000);
  put_bytes(event, 2, "exception");
  attribute(event, 3, "exception.type", type);
  attribute(event, 3, "exception.message", fmt::format("{} in {}", type, span.made->name));
  attribute(event, 3, "exception.stacktrace",
            fmt::format("{0}: {1}\n  at {2}.handle({2}.cc:{3})\n  at {2}.dispatch({2}.cc:{4})\n"
                        "  at pool.run(pool.cc:88)",
                        type, span.made->name, span.made->service, random.below(400),
                        random.below(400)));
  put_bytes(out, 11, event);
}

} // namespace

void append_span(const shop_span& span, std::size_t payload_bytes, chance& random,
                 std::string& out) {
  put_bytes(out, 1, span.trace);
  put_bytes(out, 2, raw_id(span.id));
  if (span.parent != 0)
    put_bytes(out, 4, raw_id(span.parent));
  put_bytes(out, 5, span.made->name);
  put_uint(out, 6, static_cast<std::uint64_t>(span.kind));
  put_fixed64(out, 7, span.start_ns);
  put_fixed64(out, 8, span.end_ns);
  attributes(span, random, out);
  if (payload_bytes > 0)
    payload(payload_bytes, random, out);
  if (span.own_fault)
    exception_event(span, random, out);
  if (span.linked != 0) {
    std::string link;
    put_bytes(link, 1, span.trace);
    put_bytes(link, 2, raw_id(span.linked));
    put_bytes(out, 13, link);
  }
  if (span.failed) {
    std::string status;
    if (span.own_fault)
      put_bytes(status, 2, "the operation failed");
    put_uint(status, 3, 2);
    put_bytes(out, 15, status);
  }
  out.append("\x85\x01\x01\x01\x00\x00", 6); // field 16, fixed32: sampled, has-is-remote
}

std::string shop_resource(std::string_view service, std::size_t instance) {
  constexpr std::array<std::string_view, 4> languages{"go", "java", "python", "nodejs"};
  std::string out;
  attribute(out, resource_attributes, "service.name", service);
  attribute(out, resource_attributes, "service.namespace", "shop");
  attribute(out, resource_attributes, "service.version", "2.4.1");
  attribute(out, resource_attributes, "service.instance.id",
            fmt::format("{}-{}", service, instance));
  attribute(out, resource_attributes, "k8s.pod.name",
            fmt::format("{}-6f7c9d8b54-{:05x}", service, (instance + 7) * 40'503 & 0xfffff));
  attribute(out, resource_attributes, "host.name", fmt::format("node-{}", instance % 3));
  attribute(out, resource_attributes, "telemetry.sdk.language",
            languages[service.size() % languages.size()]);
  attribute(out, resource_attributes, "telemetry.sdk.name", "opentelemetry");
  attribute(out, resource_attributes, "telemetry.sdk.version", "1.47.0");
  return out;
}

std::string shop_scope(protocol kind) {
  constexpr std::array<std::string_view, 5> names{"instrumentation.http", "instrumentation.grpc",
                                                  "shop", "instrumentation.db",
                                                  "instrumentation.messaging"};
  std::string out;
  put_bytes(out, 1, names[static_cast<std::size_t>(kind)]);
  put_bytes(out, 2, "0.58.0");
  return out;
}

} // namespace weir::load
