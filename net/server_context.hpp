#pragma once

#include "net/byte_budget.hpp"
#include "net/gathering.hpp"
#include "net/otlp_server.hpp"
#include "net/status.hpp"

#include <array>
#include <map>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <string_view>

namespace weir::net {

class server_authenticator;
class tls_server_context;

/// What all connections of a server share. Any thread.
struct server_context {
  server_context(const server_limits& limits, otlp_server::handler on_requests);

  const server_limits limits;
  const std::shared_ptr<byte_budget> budget;
  gathering requests;
  std::atomic<std::uint32_t> connections{0};
  std::atomic<std::uint64_t> next_connection{1}; ///< Its number.
  std::atomic<bool> draining{false};

  bool accepting() const noexcept { return accepting_.load(std::memory_order_acquire); }
  std::string refusal() const;
  void set_accepting(bool accepting, std::string reason);

private:
  std::atomic<bool> accepting_{true};
  mutable std::mutex mutex_;
  std::string reason_;
};

/// Why bytes or connections were turned away: the labels of weir_receiver_refused.
enum class refusal : std::uint8_t {
  bytes_in_flight,
  connections,
  not_accepting,
  too_large,
  abuse,
  unauthenticated,
};
inline constexpr std::size_t refusals = 6;

/// What the connections of one listening endpoint share: its configuration and its instruments.
struct listener_context {
  listener_context(std::shared_ptr<server_context> server, const otlp_server::receiver& receiver,
                   std::uint32_t index, const otlp_listener_config& config);

  std::shared_ptr<server_context> server;
  otlp_listener_config config;
  std::uint32_t receiver;                              ///< Index in the list given to start().
  std::shared_ptr<server_authenticator> authenticator; ///< Null: everyone may come in.
  std::shared_ptr<tls_server_context> tls;             ///< Null: plain text.

  /// The signal whose requests come on this path, taken or not.
  std::optional<weir::signal> route(std::string_view path) const noexcept;
  bool takes(weir::signal signal) const noexcept {
    return taken_[static_cast<std::size_t>(signal)].load(std::memory_order_relaxed);
  }
  /// Exactly these from now on.
  void take(const std::vector<weir::signal>& signals) noexcept;

  /// Whether requests keep this header.
  bool keeps(std::string_view name) const noexcept;

  void count(grpc_code code) const;
  void count_http(unsigned status) const;
  void count(refusal why) const;

  prometheus::Gauge& connections;
  prometheus::Counter& received_bytes;
  prometheus::Counter& handshake_failures;

private:
  std::array<std::atomic<bool>, 4> taken_{};
  std::array<prometheus::Counter*, grpc_codes> by_code_{};
  std::map<unsigned, prometheus::Counter*> by_status_;
  std::array<prometheus::Counter*, refusals> by_refusal_{};
};

/// What intake answered, in the words of the transports.
rpc_answer to_answer(otlp_reply&& reply);

} // namespace weir::net
