#pragma once

#include "core/error.hpp"
#include "net/server/network_thread.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace weir::net {

/// Binds and listens on "host:port" (port 0 = any free one; "" or "[::]" as host = all addresses).
/// A port in use is an error, also where another process uses it the same way.
result<boost::asio::ip::tcp::acceptor> listen_on(boost::asio::io_context& io,
                                                 const std::string& endpoint);

/// "127.0.0.1:4317", "[::1]:4317".
std::string to_string(const boost::asio::ip::tcp::endpoint& endpoint);

/// Accepts the connections of one endpoint, and deals them out to the network threads in turn.
/// Runs on the first of them.
class listener {
public:
  listener(boost::asio::ip::tcp::acceptor acceptor,
           const std::vector<std::unique_ptr<network_thread>>& threads,
           std::shared_ptr<listener_context> context);

  void start();
  void stop(); ///< On the listener's thread.
  std::string endpoint() const { return endpoint_; }
  listener_context& context() const { return *context_; }

private:
  void accept();
  void deal_out(boost::asio::ip::tcp::socket socket);
  void refuse();
  void pause();
  void schedule_reload();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_, reload_;
  const std::vector<std::unique_ptr<network_thread>>& threads_;
  std::shared_ptr<listener_context> context_;
  std::string endpoint_;
  std::size_t next_ = 0;
  /// Connections on their way to a thread where another is to go for them.
  std::shared_ptr<std::atomic<int>> swaps_ = std::make_shared<std::atomic<int>>(0);
};

} // namespace weir::net
