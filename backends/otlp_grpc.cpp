#include "backends/otlp_grpc.hpp"

#include "backends/export_response.hpp"
#include "backends/permanent_codes.hpp"
#include "core/metrics.hpp"
#include "net/client/grpc_client.hpp"

namespace weir::backends {

namespace {

using net::grpc_code;

const char* export_path(weir::signal kind) {
  switch (kind) {
  case signal::traces:
    return "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
  case signal::metrics:
    return "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
  case signal::logs:
    return "/opentelemetry.proto.collector.logs.v1.LogsService/Export";
  }
  return "";
}

class otlp_grpc_sender final : public sender {
public:
  otlp_grpc_sender(const std::string& id, const retry_config& retry,
                   std::unique_ptr<net::grpc_client> client)
      : retry_(retry), bytes_sent_(metrics::exporter_sent_bytes.with({{"exporter", id}})),
        client_(std::move(client)) {}

  void send(export_request request, std::function<void(outcome)> done) override {
    client_->call(
        export_path(request.signal), std::move(request.message),
        [this, done = std::move(done)](const net::grpc_reply& reply) {
          bytes_sent_.Increment(static_cast<double>(reply.sent_bytes));
          done(outcome_of(reply, retry_));
        },
        std::move(request.carried));
  }

  void stop() override { client_->stop(); }

private:
  retry_config retry_;
  prometheus::Counter& bytes_sent_;
  std::unique_ptr<net::grpc_client> client_;
};

bool retryable(const net::grpc_reply& reply) {
  switch (reply.code) {
  case grpc_code::cancelled:
  case grpc_code::deadline_exceeded:
  case grpc_code::aborted:
  case grpc_code::out_of_range:
  case grpc_code::unavailable:
  case grpc_code::data_loss:
    return true;
  case grpc_code::resource_exhausted:
    return reply.retry_delay.has_value();
  default:
    return false;
  }
}

// The words come with these codes; `unknown` is HTTP's 413 without a status of gRPC.
bool asks_for_less(const net::grpc_reply& reply) {
  return (reply.code == grpc_code::resource_exhausted || reply.code == grpc_code::invalid_argument
          || reply.code == grpc_code::unknown)
         && speaks_of_size(reply.message);
}

} // namespace

outcome outcome_of(const net::grpc_reply& reply, const retry_config& retry) {
  if (reply.code == grpc_code::ok)
    return read_export_response(reply.body);
  const auto code = std::string(to_string(reply.code));
  outcome out{.answer = outcome::kind::outage, .reason = code + ": " + tidy(reply.message)};
  if (is_permanent(retry, code) && !asks_for_less(reply)) {
    out.answer = outcome::kind::refused;
  } else if (retryable(reply)) {
    out.answer = outcome::kind::retry;
    out.retry_after = reply.retry_delay;
  } else if (asks_for_less(reply)) {
    out.answer = outcome::kind::too_large;
  }
  return out;
}

result<std::unique_ptr<sender>> make_otlp_grpc_sender(const std::string& id,
                                                      const otlp_grpc_config& config,
                                                      const retry_config& retry) {
  const auto compression =
      codec::grpc_encoding(config.compression == "none" ? "" : config.compression);
  if (!compression)
    return fail(errc::invalid_argument,
                "compression \"" + config.compression + "\": expected none, gzip, zstd or snappy");
  auto client = net::grpc_client::start(
      {.endpoint = config.endpoint,
       .more_endpoints = config.endpoints,
       .balancer = config.balancer_name == "pick_first" ? net::balancer::pick_first
                                                        : net::balancer::round_robin,
       .resolve_interval = config.resolve_interval,
       .tls = config.tls,
       .compression = *compression,
       .headers = config.headers,
       .timeout = config.timeout,
       .authority = config.authority,
       .user_agent = config.user_agent,
       .keepalive_time = config.keepalive_time,
       .keepalive_timeout = config.keepalive_timeout,
       .keepalive_permit_without_stream = config.keepalive_permit_without_stream,
       .auth = config.auth,
       .connections = &metrics::exporter_connections.with({{"exporter", id}})});
  if (!client)
    return tl::unexpected(client.error());
  return std::make_unique<otlp_grpc_sender>(id, retry, std::move(*client));
}

} // namespace weir::backends
