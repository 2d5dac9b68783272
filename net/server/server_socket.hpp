#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <openssl/ssl.h>
#include <string>
#include <string_view>

namespace weir::net {

class tls_server_context;

/// A client's socket, plain or with TLS, that never blocks: one reads and writes when it is ready.
/// One thread.
class server_socket {
public:
  enum class status : std::uint8_t { ok, again, closed, failed };
  struct outcome {
    status state = status::ok;
    std::size_t bytes = 0;
  };

  server_socket(boost::asio::ip::tcp::socket socket, const tls_server_context* tls);

  /// ok: done (at once without TLS). again: wait for wants() and call it again.
  status handshake();

  /// Reads until the buffer is full or the socket is empty; with bytes > 0 the status is ok.
  outcome read(char* out, std::size_t size);
  outcome write(std::string_view bytes);

  /// Whether bytes may wait here, unpacked, without the socket becoming readable.
  bool may_hold_bytes() const noexcept { return ssl_ != nullptr; }

  /// What the last `again` waits for (TLS may have to write in order to read).
  boost::asio::socket_base::wait_type wants() const noexcept { return wants_; }

  /// What ALPN chose, "" without.
  std::string_view protocol() const noexcept;

  /// After a handshake that failed: the reason, "" where the peer has just gone.
  const std::string& failure() const noexcept { return failure_; }
  /// After a handshake that failed: what came is not TLS.
  bool peer_is_plain() const noexcept { return peer_is_plain_; }

  void shut_down_sending();
  void close();
  bool open() const noexcept { return socket_.is_open(); }
  boost::asio::ip::tcp::socket& raw() noexcept { return socket_; }

private:
  struct free_ssl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  outcome tls_outcome(int returned);
  void note_failure();

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<SSL, free_ssl> ssl_;
  boost::asio::socket_base::wait_type wants_ = boost::asio::socket_base::wait_read;
  std::string failure_;
  bool peer_is_plain_ = false;
};

} // namespace weir::net
