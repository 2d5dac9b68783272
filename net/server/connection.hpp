#pragma once

#include "net/server/server_context.hpp"
#include "net/server/server_socket.hpp"
#include "net/server/session.hpp"

#include <memory>

namespace weir::net {

class network_thread;

/// One client's connection: its socket, then its session. Lives on one network thread. From accept
/// to the first bytes of a protocol it must not take longer than the handshake timeout.
class connection final : public std::enable_shared_from_this<connection>, session_owner {
public:
  connection(network_thread& thread, std::shared_ptr<const listener_context> listener,
             boost::asio::ip::tcp::socket socket, std::uint64_t id);
  ~connection();

  void start();
  /// True: flush() is due.
  bool reply(std::uint32_t stream, otlp_reply&& answer);
  void on_verdict(std::uint32_t stream, bool accepted);
  void flush();
  void tick(steady_ns now);
  void drain();
  void close();
  /// Closes it in favour of another one. @pre it has made no good request
  void give_way();
  const listener_context& listener() const noexcept { return *listener_; }

private:
  enum class phase : std::uint8_t { handshake, sniffing, open, lingering, closed };

  void deliver(std::uint32_t stream, otlp_request&& request, byte_reservation&& bytes) override;
  bool ask_about(std::uint32_t stream, const std::vector<std::string>& credentials) override;
  std::string_view client_address() const override { return client_address_; }
  void go_on();
  void shake_hands();
  void choose_by_alpn();
  void choose_by_bytes();
  bool speaks_tls_on_plain(std::string_view bytes);
  void open(std::unique_ptr<session> session);
  void read();
  void read_again();
  void on_bytes(std::string_view bytes);
  void on_end(server_socket::status why);
  void on_failed_handshake();
  void report(refusal reason, std::string_view why);
  void discard_input();
  bool write_out();
  void flush_again();
  void linger();
  void wait(boost::asio::socket_base::wait_type event);

  network_thread& thread_;
  std::shared_ptr<const listener_context> listener_;
  server_socket socket_;
  const std::uint64_t id_;
  std::string client_address_;
  std::unique_ptr<session> session_;
  phase phase_ = phase::handshake;
  bool spoken_ = false; ///< The client, to the session.
  std::string sniffed_; ///< The first bytes, until they tell HTTP/2 from HTTP/1.1.
  std::string out_;
  std::size_t sent_ = 0; ///< Of out_.
  steady_ns deadline_;   ///< Of handshake, preface, or lingering.
  steady_ns last_write_progress_ = 0;
  bool waiting_read_ = false, waiting_write_ = false, paused_ = false;
  bool input_over_ = false, session_over_ = false;
  bool known_ = false; ///< It has made a good request.
};

} // namespace weir::net
