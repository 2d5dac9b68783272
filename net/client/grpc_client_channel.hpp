#pragma once

#include "core/clock.hpp"
#include "net/client/grpc_client.hpp"
#include "net/client/grpc_client_endpoint.hpp"
#include "net/client/h2_client_connection.hpp"
#include "net/client/h2_client_socket.hpp"
#include "net/client/retry_pause.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

namespace weir::net {

/// A gRPC client's way to one address: at most one connection, attempts to get it with growing
/// pauses between those that fail, keepalive. On the io_context's one thread.
class grpc_client_channel : public std::enable_shared_from_this<grpc_client_channel> {
public:
  using address_type = boost::asio::ip::tcp::endpoint;
  using connection_ptr = std::shared_ptr<h2_client_connection>;

  struct events {
    std::function<void()> progress;                 ///< Connected, or something came in.
    std::function<void(const std::string&)> failed; ///< An attempt failed, and why.
    /// A connection of this channel is gone, with all calls on it.
    std::function<void(const connection_ptr&, const std::string& reason)> lost;
  };

  grpc_client_channel(boost::asio::io_context& io, address_type address,
                      const grpc_endpoint& endpoint, std::shared_ptr<boost::asio::ssl::context> tls,
                      const grpc_client_config& config, events events);

  const address_type& address() const noexcept { return address_; }
  const grpc_endpoint& where() const noexcept { return *endpoint_; } ///< As given.

  /// The connection for new calls; null where there is none.
  const connection_ptr& connection() const noexcept { return connection_; }
  bool connecting() const noexcept { return attempt_ != nullptr; }

  /// True when an attempt to connect may begin now.
  bool due(steady_ns now) const noexcept {
    return !connection_ && !attempt_ && attempts_.over(now);
  }
  steady_ns due_at() const noexcept { return attempts_.until(); }
  void connect();

  /// Takes the connection away, for its last streams to finish: the server wants no new ones, or
  /// the name does not lead here any more.
  connection_ptr retire();

  /// The server answered a call / said that it cannot take any for now.
  void answered();
  void refused(steady_ns now, milliseconds wish);
  /// Better left alone for now, where there is another one.
  bool left_out(steady_ns now) const noexcept { return !refusals_.over(now); }

  /// Ends everything without a word.
  void close();

private:
  void adopt(std::shared_ptr<h2_client_socket> socket);
  void on_lost(const connection_ptr& which, const std::string& reason);
  void arm_keepalive();
  void on_keepalive();

  boost::asio::io_context& io_;
  address_type address_;
  const grpc_endpoint* endpoint_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::string server_name_;
  bool verify_;
  h2_client_session::options session_;
  milliseconds keepalive_time_, keepalive_timeout_;
  bool keepalive_without_stream_;
  events events_;
  retry_pause attempts_, refusals_;
  boost::asio::steady_timer attempt_timer_, keepalive_timer_;
  std::shared_ptr<h2_client_socket> attempt_;
  connection_ptr connection_;
  bool proven_ = false; ///< The connection has answered a call.
  bool closed_ = false;
  steady_ns ping_sent_at_ = 0;
};

} // namespace weir::net
