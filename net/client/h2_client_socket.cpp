#include "net/client/h2_client_socket.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <vector>

namespace weir::net {

namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

constexpr std::size_t max_proxy_answer = 8 << 10;
constexpr std::size_t read_bytes = 64 << 10; // Responses are small: one read takes many.

result<void> to_result(const error_code& ec, const char* step) {
  if (ec)
    return fail(errc::unavailable, std::string(step) + ": " + ec.message());
  return {};
}

result<std::string_view> to_bytes(const error_code& ec, const std::string& buffer,
                                  std::size_t size) {
  if (ec)
    return fail(errc::unavailable, ec == asio::error::eof ? "connection closed by the other side"
                                                          : "read: " + ec.message());
  return std::string_view(buffer).substr(0, size);
}

// Connects, and goes on through the proxy where there is one: `done` gets to know when bytes go to
// the other end. Lives until then.
class opening : public std::enable_shared_from_this<opening> {
public:
  opening(tcp::socket& socket, std::optional<proxy_step> proxy, h2_client_socket::on_done done)
      : socket_(socket), proxy_(std::move(proxy)), done_(std::move(done)) {}

  void begin(const h2_client_socket::endpoint& endpoint) {
    socket_.async_connect(endpoint, [self = shared_from_this()](error_code ec) {
      if (!ec)
        self->socket_.set_option(tcp::no_delay(true), ec);
      if (ec || !self->proxy_)
        return self->done_(to_result(ec, self->proxy_ ? "connect to the proxy" : "connect"));
      self->ask();
    });
  }

private:
  void ask() {
    text_ = "CONNECT " + proxy_->target + " HTTP/1.1\r\nHost: " + proxy_->target + "\r\n";
    if (!proxy_->authorization.empty())
      text_ += "Proxy-Authorization: " + proxy_->authorization + "\r\n";
    text_ += "User-Agent: weir\r\n\r\n";
    asio::async_write(socket_, asio::buffer(text_),
                      [self = shared_from_this()](error_code ec, std::size_t) {
                        if (ec)
                          return self->done_(to_result(ec, "write to the proxy"));
                        self->text_.clear();
                        self->read();
                      });
  }

  // Byte by byte: what stands behind the proxy's answer is the server's.
  void read() {
    asio::async_read(
        socket_, asio::buffer(&byte_, 1), [self = shared_from_this()](error_code ec, std::size_t) {
          if (ec)
            return self->done_(to_result(ec, "read from the proxy"));
          self->text_.push_back(self->byte_);
          if (self->text_.ends_with("\r\n\r\n"))
            return self->done_(self->answer());
          if (self->text_.size() >= max_proxy_answer)
            return self->done_(fail(errc::unavailable, "the proxy's answer is too long"));
          self->read();
        });
  }

  result<void> answer() const {
    const auto line = text_.substr(0, text_.find("\r\n"));
    if (line.size() >= 12 && line.starts_with("HTTP/1.") && line.substr(8, 2) == " 2")
      return {};
    return fail(errc::unavailable, "the proxy does not lead to " + proxy_->target + ": " + line);
  }

  tcp::socket& socket_;
  std::optional<proxy_step> proxy_;
  h2_client_socket::on_done done_;
  std::string text_;
  char byte_ = 0;
};

class plain_socket final : public h2_client_socket,
                           public std::enable_shared_from_this<plain_socket> {
public:
  plain_socket(asio::io_context& io, std::optional<proxy_step> proxy)
      : socket_(io), proxy_(std::move(proxy)), buffer_(read_bytes, '\0') {}

  void connect(const endpoint& endpoint, on_done done) override {
    std::make_shared<opening>(socket_, proxy_,
                              [self = shared_from_this(), done = std::move(done)](
                                  result<void> opened) { done(std::move(opened)); })
        ->begin(endpoint);
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
  std::optional<proxy_step> proxy_;
  std::string buffer_;
  std::vector<asio::const_buffer> pieces_;
};

class tls_socket final : public h2_client_socket, public std::enable_shared_from_this<tls_socket> {
public:
  tls_socket(asio::io_context& io, std::shared_ptr<asio::ssl::context> context, std::string name,
             bool verify, std::optional<proxy_step> proxy)
      : context_(std::move(context)), stream_(io, *context_), name_(std::move(name)),
        proxy_(std::move(proxy)), buffer_(read_bytes, '\0') {
    if (verify)
      stream_.set_verify_callback(asio::ssl::host_name_verification(name_));
  }

  void connect(const endpoint& endpoint, on_done done) override {
    std::make_shared<opening>(
        stream_.next_layer(), proxy_,
        [self = shared_from_this(), done = std::move(done)](result<void> opened) mutable {
          if (!opened)
            return done(std::move(opened));
          self->shake_hands(std::move(done));
        })
        ->begin(endpoint);
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
  std::optional<proxy_step> proxy_;
  std::string buffer_, flat_;
};

} // namespace

std::shared_ptr<h2_client_socket> make_h2_client_socket(asio::io_context& io,
                                                        std::shared_ptr<asio::ssl::context> tls,
                                                        std::string server_name, bool verify,
                                                        std::optional<proxy_step> proxy) {
  if (tls == nullptr)
    return std::make_shared<plain_socket>(io, std::move(proxy));
  return std::make_shared<tls_socket>(io, std::move(tls), std::move(server_name), verify,
                                      std::move(proxy));
}

} // namespace weir::net
