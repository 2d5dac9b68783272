#pragma once

#include "core/clock.hpp"
#include "net/server/byte_budget.hpp"
#include "net/server/connection_room.hpp"
#include "net/server/gathering.hpp"
#include "net/server/otlp_server.hpp"
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
  /// @param common_connections how many connections all listeners share
  server_context(const server_limits& limits, std::uint32_t common_connections,
                 otlp_server::handler on_requests);

  const server_limits limits;
  const std::shared_ptr<byte_budget> budget;
  /// Bodies of requests that are refused and read all the same, to count what is in them.
  const std::shared_ptr<byte_budget> refused_bodies;
  /// Bytes that one connection may hold in bodies that are not complete.
  const std::uint64_t connection_share;
  common_connections common;
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

/// Why bytes or connections were turned away: the labels of weir_receiver_refused_total.
enum class refusal : std::uint8_t {
  bytes_in_flight,
  connection_share, ///< Of bytes in flight.
  connections,
  idle, ///< Connections without a good request, closed for their age or for others.
  not_accepting,
  too_large,
  abuse,
  unauthenticated,
  malformed,
  not_found,
  method,
  media_type,
  too_slow,
  stuck, ///< Answers that the client does not take.
  tls_on_plain,
  plain_on_tls,
  handshake,
};
inline constexpr std::size_t refusals = 17;

/// What the connections of one listening endpoint share: its configuration and its instruments.
struct listener_context {
  /// @param connection_share how many connections are kept for it alone
  listener_context(std::shared_ptr<server_context> server, const otlp_server::receiver& receiver,
                   std::uint32_t index, const otlp_listener_config& config,
                   std::uint32_t connection_share);

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
  /// Logs what a client did wrong: a line a reason now and then, with how many there were since.
  /// `why` may have text of the client in it.
  void log_refusal(refusal reason, std::string_view client_address, std::string_view why) const;
  /// Counts the items of a request that was read and refused.
  void count_refused(weir::signal signal, std::uint64_t items) const;

  /// "otlp.grpc": for errors and the log.
  const std::string name;
  mutable connection_room room;
  prometheus::Gauge& connections;
  prometheus::Counter& received_bytes;
  prometheus::Counter& handshake_failures;

private:
  std::array<std::atomic<bool>, 4> taken_{};
  std::array<prometheus::Counter*, grpc_codes> by_code_{};
  std::map<unsigned, prometheus::Counter*> by_status_;
  std::array<prometheus::Counter*, refusals> by_refusal_{};
  std::array<prometheus::Counter*, 4> refused_items_{};
  /// When a line about it was logged, and how many have come since.
  struct said {
    std::atomic<steady_ns> last{0};
    std::atomic<std::uint64_t> since{0};
  };
  mutable std::array<said, refusals> said_;
};

/// What intake answered, in the words of the transports.
rpc_answer to_answer(otlp_reply&& reply);

} // namespace weir::net
