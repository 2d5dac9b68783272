#include "net/server/server_socket.hpp"

#include "net/server/tls_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <limits>
#include <openssl/err.h>

namespace weir::net {

namespace asio = boost::asio;

server_socket::server_socket(asio::ip::tcp::socket socket, const tls_server_context* tls)
    : socket_(std::move(socket)) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  if (tls) {
    ssl_.reset(tls->make());
    SSL_set_fd(ssl_.get(), socket_.native_handle());
    SSL_set_accept_state(ssl_.get());
  }
}

server_socket::outcome server_socket::tls_outcome(int returned) {
  switch (SSL_get_error(ssl_.get(), returned)) {
  case SSL_ERROR_WANT_READ:
    wants_ = asio::socket_base::wait_read;
    return {status::again};
  case SSL_ERROR_WANT_WRITE:
    wants_ = asio::socket_base::wait_write;
    return {status::again};
  case SSL_ERROR_ZERO_RETURN:
    return {status::closed};
  default:
    note_failure();
    return {status::failed};
  }
}

void server_socket::note_failure() {
  const auto code = ERR_peek_last_error();
  if (code == 0 || ERR_GET_LIB(code) != ERR_LIB_SSL)
    return;
  const auto reason = ERR_GET_REASON(code);
  peer_is_plain_ = reason == SSL_R_HTTP_REQUEST || reason == SSL_R_WRONG_VERSION_NUMBER;
  const auto* text = ERR_reason_error_string(code);
  failure_ = text != nullptr ? text : "the TLS handshake failed";
  // OpenSSL's reasons are of few words; these are what operators look for.
  if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
    failure_.clear();
  else
    failure_ = "TLS: " + failure_;
}

server_socket::status server_socket::handshake() {
  if (!ssl_)
    return status::ok;
  ERR_clear_error();
  const auto returned = SSL_do_handshake(ssl_.get());
  return returned == 1 ? status::ok : tls_outcome(returned).state;
}

server_socket::outcome server_socket::read(char* out, std::size_t size) {
  if (!ssl_) {
    boost::system::error_code ec;
    const auto got = socket_.read_some(asio::buffer(out, size), ec);
    if (!ec)
      return {status::ok, got};
    wants_ = asio::socket_base::wait_read;
    return {ec == asio::error::would_block ? status::again
            : ec == asio::error::eof       ? status::closed
                                           : status::failed};
  }
  std::size_t total = 0;
  while (total < size) {
    ERR_clear_error();
    std::size_t got = 0;
    const auto returned = SSL_read_ex(ssl_.get(), out + total, size - total, &got);
    if (returned == 1) {
      total += got;
      continue;
    }
    const auto end = tls_outcome(returned);
    return total > 0 ? outcome{status::ok, total} : end;
  }
  return {status::ok, total};
}

server_socket::outcome server_socket::write(std::string_view bytes) {
  if (!ssl_) {
    boost::system::error_code ec;
    const auto sent = socket_.write_some(asio::buffer(bytes), ec);
    if (!ec)
      return {status::ok, sent};
    wants_ = asio::socket_base::wait_write;
    return {ec == asio::error::would_block ? status::again : status::failed};
  }
  ERR_clear_error();
  std::size_t sent = 0;
  const auto returned = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &sent);
  return returned == 1 ? outcome{status::ok, sent} : tls_outcome(returned);
}

std::string_view server_socket::protocol() const noexcept {
  const unsigned char* name = nullptr;
  unsigned length = 0;
  if (ssl_)
    SSL_get0_alpn_selected(ssl_.get(), &name, &length);
  return {reinterpret_cast<const char*>(name), length};
}

void server_socket::shut_down_sending() {
  boost::system::error_code ignored;
  if (ssl_ && SSL_is_init_finished(ssl_.get()))
    SSL_shutdown(ssl_.get());
  ERR_clear_error();
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
}

void server_socket::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

} // namespace weir::net
