#pragma once

#include "core/clock.hpp"
#include "core/error.hpp"
#include "net/grpc_client.hpp"
#include "net/grpc_client_endpoint.hpp"
#include "net/h2_client_socket.hpp"
#include "net/tls_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weir::net {

/// Gets a gRPC client connected: asks the resolver, tries the addresses in turn, and waits longer
/// between rounds that failed (100 ms, then 1.6 times as long each, up to a limit, with jitter). On
/// the io_context's one thread.
class grpc_client_connector {
public:
  using on_connected = std::function<void(result<std::shared_ptr<h2_client_socket>>)>;

  grpc_client_connector(boost::asio::io_context& io, grpc_endpoint where,
                        std::shared_ptr<boost::asio::ssl::context> tls,
                        const grpc_client_config& config);

  /// One round over all addresses, after the pause that is due. While one is under way, nothing.
  void connect(on_connected done);

  void stop();

  /// Why the last round failed.
  const std::string& last_error() const noexcept { return last_error_; }

private:
  void resolve();
  void try_next(std::size_t tried);
  void succeed(std::shared_ptr<h2_client_socket> socket);
  void fail_round();
  std::chrono::milliseconds pause_due();

  boost::asio::io_context& io_;
  grpc_endpoint where_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  std::string server_name_;
  bool verify_;
  std::chrono::milliseconds reconnect_max_;
  boost::asio::ip::tcp::resolver resolver_;
  boost::asio::steady_timer pause_timer_, attempt_timer_;
  std::vector<boost::asio::ip::tcp::endpoint> addresses_;
  std::size_t first_ = 0; ///< The address a round begins with: another one each time.
  std::shared_ptr<h2_client_socket> attempt_;
  on_connected done_;
  std::string last_error_ = "not connected yet";
  unsigned failures_ = 0;
  steady_ns last_round_ = 0;
  bool stopped_ = false;
};

} // namespace weir::net
