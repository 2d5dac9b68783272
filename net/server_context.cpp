#include "net/server_context.hpp"

#include "core/metrics.hpp"
#include "net/grpc_protocol.hpp"

#include <algorithm>

namespace weir::net {

namespace {

constexpr std::array all_signals = {weir::signal::traces, weir::signal::metrics,
                                    weir::signal::logs};
constexpr std::array known_statuses = {200u, 204u, 400u, 401u, 404u, 405u, 408u,
                                       413u, 415u, 417u, 431u, 500u, 501u, 503u};
constexpr std::array<const char*, refusals> refusal_names = {
    "bytes_in_flight", "connections", "not_accepting", "too_large", "abuse", "unauthenticated"};

metrics::labels labels_of(const std::string& id, bool grpc) {
  return {{"receiver", id}, {"transport", grpc ? "grpc" : "http"}};
}

metrics::labels with(metrics::labels base, const std::string& key, std::string value) {
  base.emplace(key, std::move(value));
  return base;
}

} // namespace

server_context::server_context(const server_limits& l, otlp_server::handler on_requests)
    : limits(l), budget(std::make_shared<byte_budget>(l.max_bytes_in_flight)),
      requests(std::move(on_requests), l.gather, l.gather_bytes) {}

std::string server_context::refusal() const {
  const std::lock_guard lock(mutex_);
  return reason_;
}

void server_context::set_accepting(bool accepting, std::string reason) {
  const std::lock_guard lock(mutex_);
  reason_ = std::move(reason);
  accepting_.store(accepting, std::memory_order_release);
}

listener_context::listener_context(std::shared_ptr<server_context> shared,
                                   const otlp_server::receiver& from, std::uint32_t index,
                                   const otlp_listener_config& options)
    : server(std::move(shared)), config(options), receiver(index),
      connections(
          metrics::receiver_connections.with(labels_of(from.config.id, options.grpc))),
      received_bytes(metrics::receiver_received_bytes.with(labels_of(from.config.id, options.grpc))),
      handshake_failures(metrics::receiver_handshake_failures.with(labels_of(from.config.id, options.grpc))) {
  const auto labels = labels_of(from.config.id, options.grpc);
  take(from.signals);
  for (std::size_t code = 0; options.grpc && code < grpc_codes; ++code) {
    const std::string name(to_string(static_cast<grpc_code>(code)));
    by_code_[code] = &metrics::receiver_requests.with(with(labels, "code", name));
  }
  if (!options.grpc)
    for (const auto status : known_statuses)
      by_status_[status] =
          &metrics::receiver_requests.with(with(labels, "code", std::to_string(status)));
  for (std::size_t i = 0; i < refusals; ++i)
    by_refusal_[i] =
        &metrics::receiver_refused.with(with(labels, "reason", refusal_names[i]));
}

void listener_context::take(const std::vector<weir::signal>& signals) noexcept {
  for (const auto signal : all_signals)
    taken_[static_cast<std::size_t>(signal)] =
        std::find(signals.begin(), signals.end(), signal) != signals.end();
}

std::optional<weir::signal> listener_context::route(std::string_view path) const noexcept {
  if (config.grpc) {
    for (const auto signal : all_signals)
      if (path == grpc_export_path(signal))
        return signal;
    return {};
  }
  path = path.substr(0, path.find('?'));
  if (path == config.traces_url_path)
    return weir::signal::traces;
  if (path == config.metrics_url_path)
    return weir::signal::metrics;
  if (path == config.logs_url_path)
    return weir::signal::logs;
  return {};
}

bool listener_context::keeps(std::string_view name) const noexcept {
  const auto& keys = config.metadata_keys;
  return config.include_metadata && std::find(keys.begin(), keys.end(), name) != keys.end();
}

void listener_context::count(grpc_code code) const {
  if (auto* counter = by_code_[static_cast<std::size_t>(code)])
    counter->Increment();
}

void listener_context::count_http(unsigned status) const {
  if (const auto it = by_status_.find(status); it != by_status_.end())
    it->second->Increment();
}

void listener_context::count(refusal why) const {
  by_refusal_[static_cast<std::size_t>(why)]->Increment();
}

rpc_answer to_answer(otlp_reply&& reply) {
  using status = otlp_reply::status;
  rpc_answer answer;
  answer.message = std::move(reply.message);
  switch (reply.code) {
  case status::ok:
    answer.rejected = reply.rejected;
    break;
  case status::invalid:
    answer.code = grpc_code::invalid_argument;
    break;
  case status::too_large:
    answer.code = grpc_code::resource_exhausted;
    break;
  case status::unavailable:
    answer.code = grpc_code::unavailable;
    answer.retry_after = reply.retry_after;
    break;
  case status::internal:
    answer.code = grpc_code::internal;
    break;
  }
  return answer;
}

} // namespace weir::net
