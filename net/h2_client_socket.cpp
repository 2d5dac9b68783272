#include "net/h2_client_socket.hpp"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <vector>

namespace weir::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t read_bytes = 64 << 10; // Responses are small: one read takes many.

result<void> to_result(const error_code& ec, const char* what) {
  if (ec)
    return fail(errc::unavailable, std::string(what) + ": " + ec.message());
  return {};
}

result<std::string_view> to_bytes(const error_code& ec, const std::string& buffer,
                                  std::size_t size) {
  if (ec)
    return fail(errc::unavailable, ec == asio::error::eof ? "connection closed by the other side"
                                                          : "read: " + ec.message());
  return std::string_view(buffer).substr(0, size);
}

class plain_socket final : public h2_client_socket,
                           public std::enable_shared_from_this<plain_socket> {
public:
  explicit plain_socket(asio::io_context& io) : socket_(io), buffer_(read_bytes, '\0') {}

  void connect(const endpoint& to, on_done done) override {
    socket_.async_connect(to, [self = shared_from_this(), done = std::move(done)](error_code ec) {
      if (!ec)
        self->socket_.set_option(tcp::no_delay(true), ec);
      done(to_result(ec, "connect"));
    });
  }

  void read(on_bytes done) override {
    socket_.async_read_some(
        asio::buffer(buffer_),
        [self = shared_from_this(), done = std::move(done)](error_code ec, std::size_t size) {
          done(to_bytes(ec, self->buffer_, size));
        });
  }

  void write(const h2_output& out, on_done done) override {
    pieces_.clear();
    out.each([this](std::string_view piece) { pieces_.push_back(asio::buffer(piece)); });
    asio::async_write(socket_, pieces_,
                      [self = shared_from_this(), done = std::move(done)](
                          error_code ec, std::size_t) { done(to_result(ec, "write")); });
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

private:
  tcp::socket socket_;
  std::string buffer_;
  std::vector<asio::const_buffer> pieces_;
};

class tls_socket final : public h2_client_socket, public std::enable_shared_from_this<tls_socket> {
public:
  tls_socket(asio::io_context& io, std::shared_ptr<asio::ssl::context> context, std::string name,
             bool verify)
      : context_(std::move(context)), stream_(io, *context_), name_(std::move(name)),
        buffer_(read_bytes, '\0') {
    if (verify)
      stream_.set_verify_callback(asio::ssl::host_name_verification(name_));
  }

  void connect(const endpoint& to, on_done done) override {
    stream_.lowest_layer().async_connect(
        to, [self = shared_from_this(), done = std::move(done)](error_code ec) mutable {
          if (!ec)
            self->stream_.lowest_layer().set_option(tcp::no_delay(true), ec);
          if (ec)
            return done(to_result(ec, "connect"));
          self->shake_hands(std::move(done));
        });
  }

  void read(on_bytes done) override {
    stream_.async_read_some(
        asio::buffer(buffer_),
        [self = shared_from_this(), done = std::move(done)](error_code ec, std::size_t size) {
          done(to_bytes(ec, self->buffer_, size));
        });
  }

  void write(const h2_output& out, on_done done) override {
    // Full TLS records want one run of bytes; the cipher reads them all anyway.
    flat_.clear();
    out.each([this](std::string_view piece) { flat_ += piece; });
    asio::async_write(stream_, asio::buffer(flat_),
                      [self = shared_from_this(), done = std::move(done)](
                          error_code ec, std::size_t) { done(to_result(ec, "write")); });
  }

  void close() override {
    error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

private:
  void shake_hands(on_done done) {
    error_code not_an_address;
    asio::ip::make_address(name_, not_an_address);
    if (not_an_address)
      SSL_set_tlsext_host_name(stream_.native_handle(), name_.c_str());
    static constexpr unsigned char protocols[] = {2, 'h', '2'};
    SSL_set_alpn_protos(stream_.native_handle(), protocols, sizeof protocols);
    stream_.async_handshake(asio::ssl::stream_base::client,
                            [self = shared_from_this(), done = std::move(done)](error_code ec) {
                              done(self->check_protocol(ec));
                            });
  }

  result<void> check_protocol(const error_code& ec) {
    if (ec)
      return to_result(ec, "TLS handshake");
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(stream_.native_handle(), &chosen, &size);
    if (std::string_view(reinterpret_cast<const char*>(chosen), size) != "h2")
      return fail(errc::unavailable, "TLS handshake: the server does not speak HTTP/2 (ALPN h2)");
    return {};
  }

  std::shared_ptr<asio::ssl::context> context_;
  asio::ssl::stream<tcp::socket> stream_;
  std::string name_;
  std::string buffer_, flat_;
};

} // namespace

std::shared_ptr<h2_client_socket> make_h2_client_socket(asio::io_context& io,
                                                        std::shared_ptr<asio::ssl::context> tls,
                                                        std::string server_name, bool verify) {
  if (tls == nullptr)
    return std::make_shared<plain_socket>(io);
  return std::make_shared<tls_socket>(io, std::move(tls), std::move(server_name), verify);
}

} // namespace weir::net
