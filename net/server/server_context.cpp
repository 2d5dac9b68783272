#include "net/server/server_context.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"
#include "net/server/grpc_protocol.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::net {

namespace {

constexpr std::array all_signals = {weir::signal::traces, weir::signal::metrics,
                                    weir::signal::logs};
constexpr std::array known_statuses = {200u, 204u, 400u, 401u, 404u, 405u, 408u,
                                       413u, 415u, 417u, 431u, 500u, 501u, 503u};
constexpr std::array<const char*, refusals> refusal_names = {"bytes_in_flight", "connection_share",
                                                             "connections",     "idle",
                                                             "not_accepting",   "too_large",
                                                             "abuse",           "unauthenticated",
                                                             "malformed",       "not_found",
                                                             "method",          "media_type",
                                                             "too_slow",        "stuck",
                                                             "tls_on_plain",    "plain_on_tls",
                                                             "handshake"};

/// For bodies that are read though they are refused.
constexpr std::uint64_t refused_bytes = 8 << 20;
/// A connection may hold one part in so many of what all may have in flight.
constexpr std::uint64_t connection_shares = 4;
/// Between two lines about the same.
constexpr steady_ns quiet_time = 10 * second_ns;
constexpr std::size_t longest_reason = 200;

metrics::labels labels_of(const std::string& id, bool grpc) {
  return {{"receiver", id}, {"transport", grpc ? "grpc" : "http"}};
}

metrics::labels with(metrics::labels base, const std::string& key, std::string value) {
  base.emplace(key, std::move(value));
  return base;
}

} // namespace

server_context::server_context(const server_limits& l, std::uint32_t common_connections,
                               otlp_server::handler on_requests)
    : limits(l), budget(std::make_shared<byte_budget>(l.max_bytes_in_flight)),
      refused_bodies(std::make_shared<byte_budget>(refused_bytes)),
      connection_share(l.max_bytes_in_flight / connection_shares), common(common_connections),
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
                                   const otlp_server::receiver& source, std::uint32_t index,
                                   const otlp_listener_config& options,
                                   std::uint32_t connection_share)
    : server(std::move(shared)), config(options), receiver(index),
      name(source.config.id + (options.grpc ? ".grpc" : ".http")),
      room(server->common, connection_share),
      connections(metrics::receiver_connections.with(labels_of(source.config.id, options.grpc))),
      received_bytes(
          metrics::receiver_received_bytes.with(labels_of(source.config.id, options.grpc))),
      handshake_failures(
          metrics::receiver_handshake_failures.with(labels_of(source.config.id, options.grpc))) {
  const auto labels = labels_of(source.config.id, options.grpc);
  take(source.signals);
  for (std::size_t code = 0; options.grpc && code < grpc_codes; ++code) {
    const std::string name(to_string(static_cast<grpc_code>(code)));
    by_code_[code] = &metrics::receiver_requests.with(with(labels, "code", name));
  }
  if (!options.grpc)
    for (const auto status : known_statuses)
      by_status_[status] =
          &metrics::receiver_requests.with(with(labels, "code", std::to_string(status)));
  for (std::size_t i = 0; i < refusals; ++i)
    by_refusal_[i] = &metrics::receiver_refused.with(with(labels, "reason", refusal_names[i]));
  for (const auto signal : all_signals)
    refused_items_[static_cast<std::size_t>(signal)] =
        &metrics::receiver_refused_items.of(signal).with(labels);
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

void listener_context::count_refused(weir::signal signal, std::uint64_t items) const {
  refused_items_[static_cast<std::size_t>(signal)]->Increment(static_cast<double>(items));
}

void listener_context::log_refusal(refusal reason, std::string_view client_address,
                                   std::string_view why) const {
  auto& said = said_[static_cast<std::size_t>(reason)];
  const auto now = steady_now();
  auto last = said.last.load(std::memory_order_relaxed);
  if ((last != 0 && now - last < quiet_time) || !said.last.compare_exchange_strong(last, now)) {
    said.since.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto more = said.since.exchange(0, std::memory_order_relaxed);
  log::warn({{"receiver", name},
             {"client", client_address},
             {"reason", refusal_names[static_cast<std::size_t>(reason)]}},
            "{}: client {}: refused ({}): {}{}", name,
            client_address.empty() ? "of unknown address" : client_address,
            refusal_names[static_cast<std::size_t>(reason)], why.substr(0, longest_reason),
            more > 0 ? fmt::format("; {} more since the last such line", more) : "");
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
