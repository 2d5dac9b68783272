#include "net/admin_http.hpp"

#include "core/log.hpp"
#include "net/listener.hpp"
#include "net/server_auth.hpp"
#include "net/tls_server.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <thread>

namespace weir::net {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {

constexpr std::size_t max_connections = 64;
constexpr std::chrono::seconds patience{10};
constexpr std::uint32_t max_header_bytes = 16 << 10;

using request = http::request<http::empty_body>;
using plain_stream = beast::tcp_stream;
using secure_stream = asio::ssl::stream<beast::tcp_stream>;

/// What all connections share; it outlives them.
struct site {
  std::map<std::string, admin_http::page> pages;
  std::map<std::string, std::string> headers;
  std::unique_ptr<tls_server_context> tls;             ///< Null: plain text.
  std::shared_ptr<server_authenticator> authenticator; ///< Null: everyone may look.
  std::size_t visitors = 0;
};

/// Whether a request may see pages; what the answer is where it may not.
std::optional<admin_http::answer> refusal(const site& of, const request& asked) {
  if (!of.authenticator)
    return std::nullopt;
  std::vector<std::string> credentials;
  const auto range = asked.equal_range(std::string(of.authenticator->header()));
  for (auto it = range.first; it != range.second; ++it)
    credentials.emplace_back(it->value());
  switch (of.authenticator->check(credentials)) {
  case server_authenticator::verdict::accepted:
    return std::nullopt;
  case server_authenticator::verdict::busy:
    return admin_http::answer{503, "text/plain; charset=utf-8", "too many credentials to check\n"};
  default:
    return admin_http::answer{401, "text/plain; charset=utf-8", "unauthorized\n"};
  }
}

admin_http::answer make(const std::map<std::string, admin_http::page>& all, const request& asked) {
  if (asked.method() != http::verb::get && asked.method() != http::verb::head)
    return {405, "text/plain; charset=utf-8", "only GET and HEAD\n"};
  const auto target = std::string(asked.target());
  const auto mark = target.find('?');
  const auto it = all.find(target.substr(0, mark));
  if (it == all.end())
    return {404, "text/plain; charset=utf-8", "no such page\n"};
  try {
    return it->second(mark == target.npos ? std::string_view{}
                                          : std::string_view(target).substr(mark + 1));
  } catch (const std::exception& e) {
    log::warn("page {}: {}", it->first, e.what());
    return {500, "text/plain; charset=utf-8", "the page could not be made\n"};
  }
}

/// One connection: reads a request, answers, again.
template <class Stream>
class visitor : public std::enable_shared_from_this<visitor<Stream>> {
public:
  visitor(Stream stream, site& of) : stream_(std::move(stream)), site_(of) { ++site_.visitors; }
  ~visitor() { --site_.visitors; }

  void begin() {
    if constexpr (std::is_same_v<Stream, secure_stream>) {
      beast::get_lowest_layer(stream_).expires_after(patience);
      stream_.async_handshake(secure_stream::server,
                              [self = this->shared_from_this()](const beast::error_code& ec) {
                                if (!ec)
                                  self->read();
                              });
    } else {
      read();
    }
  }

private:
  void read() {
    parser_.emplace();
    parser_->header_limit(max_header_bytes);
    parser_->body_limit(0);
    beast::get_lowest_layer(stream_).expires_after(patience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = this->shared_from_this()](const beast::error_code& ec, std::size_t) {
                       self->on_read(ec);
                     });
  }

  void on_read(const beast::error_code& ec) {
    if (ec == http::error::end_of_stream || ec == beast::error::timeout
        || ec == asio::error::operation_aborted)
      return;
    if (ec && ec.category() != http::make_error_code(http::error::bad_method).category())
      return;
    auto page = ec ? admin_http::answer{400, "text/plain; charset=utf-8", "malformed request\n"}
                   : show(parser_->get());
    const bool keep = !ec && parser_->keep_alive();
    response_ = {static_cast<http::status>(page.status), 11};
    response_.set(http::field::content_type, page.content_type);
    if (page.status == 401)
      response_.set(http::field::www_authenticate, std::string(site_.authenticator->challenge()));
    for (const auto& [name, value] : site_.headers)
      response_.set(name, value);
    response_.keep_alive(keep);
    response_.content_length(page.body.size());
    if (ec || parser_->get().method() != http::verb::head)
      response_.body() = std::move(page.body);
    write(keep);
  }

  admin_http::answer show(const request& asked) const {
    if (auto refused = refusal(site_, asked))
      return *std::move(refused);
    return make(site_.pages, asked);
  }

  void write(bool keep) {
    beast::get_lowest_layer(stream_).expires_after(patience);
    http::async_write(
        stream_, response_,
        [self = this->shared_from_this(), keep](const beast::error_code& ec, std::size_t) {
          if (!ec && keep)
            return self->read();
          self->close();
        });
  }

  void close() {
    if constexpr (std::is_same_v<Stream, secure_stream>) {
      stream_.async_shutdown([self = this->shared_from_this()](const beast::error_code&) {});
    } else {
      beast::error_code ignored;
      stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    }
  }

  Stream stream_;
  beast::flat_buffer buffer_{2 * max_header_bytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
  site& site_;
};

} // namespace

struct admin_http::impl {
  site shown; ///< Outlives the connections that io's end lets go of.
  asio::io_context io{1};
  std::optional<tcp::acceptor> acceptor;
  asio::steady_timer pause{io};
  asio::steady_timer reload{io};
  std::string endpoint;
  std::thread thread;

  void accept() {
    acceptor->async_accept([this](const beast::error_code& ec, tcp::socket socket) {
      if (ec == asio::error::operation_aborted)
        return;
      if (ec)
        return accept_later();
      if (shown.visitors < max_connections)
        welcome(plain_stream(std::move(socket)));
      accept();
    });
  }

  void welcome(plain_stream stream) {
    if (shown.tls)
      std::make_shared<visitor<secure_stream>>(secure_stream(std::move(stream), shown.tls->make()),
                                               shown)
          ->begin();
    else
      std::make_shared<visitor<plain_stream>>(std::move(stream), shown)->begin();
  }

  void accept_later() {
    pause.expires_after(std::chrono::milliseconds(100));
    pause.async_wait([this](const beast::error_code& ec) {
      if (!ec)
        accept();
    });
  }

  void schedule_reload() {
    if (!shown.tls || shown.tls->reload_interval().count() <= 0)
      return;
    reload.expires_after(shown.tls->reload_interval());
    reload.async_wait([this](const beast::error_code& ec) {
      if (ec)
        return;
      if (const auto done = shown.tls->reload(); !done && log::permit("net.tls", 60))
        log::error("{}: the certificates in use stay, the new ones do not load: {}", endpoint,
                   done.error().message);
      schedule_reload();
    });
  }

  ~impl() {
    io.stop();
    if (thread.joinable())
      thread.join();
  }
};

result<std::unique_ptr<admin_http>> admin_http::start(const std::string& endpoint,
                                                      std::map<std::string, page> pages,
                                                      const admin_http_options& options) {
  auto built = std::make_unique<impl>();
  auto& shown = built->shown;
  shown.pages = std::move(pages);
  shown.headers = options.response_headers;
  auto authenticator = make_server_authenticator(options.auth);
  if (!authenticator)
    return tl::unexpected(authenticator.error());
  shown.authenticator = std::move(*authenticator);
  if (options.tls) {
    auto tls = tls_server_context::open(*options.tls, alpn::h1);
    if (!tls)
      return tl::unexpected(tls.error());
    shown.tls = std::move(*tls);
  }
  auto acceptor = listen_on(built->io, endpoint);
  if (!acceptor)
    return tl::unexpected(acceptor.error());
  built->endpoint = to_string(acceptor->local_endpoint());
  built->acceptor.emplace(std::move(*acceptor));
  built->accept();
  built->schedule_reload();
  built->thread = std::thread([x = built.get()] { x->io.run(); });
  return std::unique_ptr<admin_http>(new admin_http(std::move(built)));
}

admin_http::admin_http(std::unique_ptr<impl> built) : impl_(std::move(built)) {}

admin_http::~admin_http() = default;

std::string admin_http::endpoint() const {
  return impl_->endpoint;
}

} // namespace weir::net
