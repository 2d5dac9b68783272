#pragma once

#include "core/error.hpp"
#include "net/client/h2_client.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace weir::net {

/// A TCP connection to one address, plain or TLS with ALPN "h2". All calls and callbacks on the
/// io_context's one thread. Callbacks hold the socket alive through `self` of their caller.
class h2_client_socket {
public:
  using endpoint = boost::asio::ip::tcp::endpoint;
  using on_done = std::function<void(result<void>)>;
  using on_bytes = std::function<void(result<std::string_view>)>;

  virtual ~h2_client_socket() = default;

  /// Connects, and shakes hands where it is TLS.
  virtual void connect(const endpoint& endpoint, on_done done) = 0;
  /// Reads what is there. One read at a time; the view lives until the next.
  virtual void read(on_bytes done) = 0;
  /// Writes all of `out`, which must stay as it is until `done`. One write at a time.
  virtual void write(const h2_output& out, on_done done) = 0;
  /// Ends everything under way with an error.
  virtual void close() = 0;
};

/// A proxy's way on: connect() connects to the proxy and asks it for `target` ("host:port").
struct proxy_step {
  std::string target;
  std::string authorization; ///< The value of Proxy-Authorization; "": none.
};

/// `tls` null: plain text. `server_name`: for SNI and the certificate check.
std::shared_ptr<h2_client_socket>
make_h2_client_socket(boost::asio::io_context& io, std::shared_ptr<boost::asio::ssl::context> tls,
                      std::string server_name, bool verify, std::optional<proxy_step> proxy);

} // namespace weir::net
