#include "fake_http_server.hpp"

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <mutex>
#include <thread>
#include <vector>

namespace weir::test {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

struct fake_http_server::impl {
  options config;
  handler on_request;
  asio::io_context io;
  tcp::acceptor acceptor{io, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)};
  asio::ssl::context tls{asio::ssl::context::tls_server};
  std::atomic<bool> stopping = false;
  std::mutex mutex;
  std::vector<int> sockets; ///< To be shut down at the end.
  std::vector<std::thread> threads;
  std::thread accepting;

  impl(options o, handler h) : config(std::move(o)), on_request(std::move(h)) {
    if (!config.key_file.empty()) {
      tls.use_certificate_chain_file(config.certificate_file);
      tls.use_private_key_file(config.key_file, asio::ssl::context::pem);
    }
    if (!config.client_ca_file.empty()) {
      tls.load_verify_file(config.client_ca_file);
      tls.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
    }
    accepting = std::thread([this] { accept(); });
  }

  ~impl() {
    stopping = true;
    boost::system::error_code ignored;
    tcp::socket(io).connect(acceptor.local_endpoint(), ignored); // Wakes accept().
    accepting.join();
    {
      const std::lock_guard guard(mutex);
      for (const int s : sockets)
        ::shutdown(s, SHUT_RDWR);
    }
    for (auto& t : threads)
      t.join();
  }

  void accept() {
    for (int number = 1;; ++number) {
      boost::system::error_code ec;
      tcp::socket socket(io);
      acceptor.accept(socket, ec);
      if (stopping || ec)
        return;
      const std::lock_guard guard(mutex);
      sockets.push_back(socket.native_handle());
      threads.emplace_back([this, number, s = std::move(socket)]() mutable {
        const int own = s.native_handle();
        try {
          if (config.key_file.empty()) {
            serve(s, number);
          } else {
            asio::ssl::stream<tcp::socket&> stream(s, tls);
            stream.handshake(asio::ssl::stream_base::server);
            serve(stream, number);
          }
        } catch (const std::exception&) {
          // The other side is gone or not welcome.
        }
        const std::lock_guard guard(mutex);
        std::erase(sockets, own);
        s.close();
      });
    }
  }

  template <class Stream>
  void serve(Stream& stream, int number) {
    boost::beast::flat_buffer buffer;
    for (bool more = true; more;) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(64 << 20);
      http::read(stream, buffer, parser);
      const auto& input = parser.get();
      request r{std::string(input.target()), {}, input.body(), number};
      for (const auto& f : input) {
        std::string name(f.name_string());
        std::transform(name.begin(), name.end(), name.begin(), ::tolower);
        r.headers.emplace(name, std::string(f.value()));
      }
      const auto a = on_request(r);
      if (a.hang_up)
        return;
      if (a.never) {
        boost::beast::flat_buffer rest;
        http::read(stream, rest, parser); // Fails when the client or the server ends it.
        return;
      }
      http::response<http::string_body> out(static_cast<http::status>(a.status), 11, a.body);
      for (const auto& [name, value] : a.headers)
        out.set(name, value);
      out.keep_alive(more = input.keep_alive());
      out.prepare_payload();
      http::write(stream, out);
    }
  }
};

fake_http_server::fake_http_server(handler h) : fake_http_server(options{}, std::move(h)) {}

fake_http_server::fake_http_server(options o, handler h)
    : impl_(std::make_unique<impl>(std::move(o), std::move(h))) {}

fake_http_server::~fake_http_server() = default;

int fake_http_server::port() const noexcept {
  return impl_->acceptor.local_endpoint().port();
}

std::string fake_http_server::url() const {
  return (impl_->config.key_file.empty() ? "http://127.0.0.1:" : "https://127.0.0.1:")
         + std::to_string(port());
}

} // namespace weir::test
