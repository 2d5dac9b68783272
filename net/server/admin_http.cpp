#include "net/server/admin_http.hpp"

#include "core/log.hpp"
#include "net/server/listener.hpp"
#include "net/server/request_target.hpp"
#include "net/server/server_auth.hpp"
#include "net/server/tls_server.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <list>
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
constexpr std::size_t first_read = 4 << 10;
constexpr std::size_t most_empty_bytes = 8;

using request = http::request<http::empty_body>;
using plain_stream = beast::tcp_stream;
using secure_stream = asio::ssl::stream<beast::tcp_stream>;

/// A connection, for who decides which one goes when there are too many.
class guest {
public:
  virtual void leave() = 0;

protected:
  ~guest() = default;
};

/// What all connections share; it outlives them.
struct site {
  std::map<std::string, admin_http::page> pages;
  std::map<std::string, std::string> headers;
  std::unique_ptr<tls_server_context> tls;             ///< Null: plain text.
  std::shared_ptr<server_authenticator> authenticator; ///< Null: everyone may look.
  /// By who has waited longest for a request, or to end one.
  std::list<guest*> visitors;
};

admin_http::answer in_text(unsigned status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text)};
}

std::vector<std::string> credentials_of(const site& site, const request& asked) {
  std::vector<std::string> credentials;
  const auto range = asked.equal_range(std::string(site.authenticator->header()));
  for (auto it = range.first; it != range.second; ++it)
    credentials.emplace_back(it->value());
  return credentials;
}

admin_http::answer make(const std::map<std::string, admin_http::page>& all, const request& asked) {
  if (asked.method() != http::verb::get && asked.method() != http::verb::head)
    return in_text(405, "only GET and HEAD\n");
  const std::string target(origin_form({asked.target().data(), asked.target().size()}));
  const auto mark = target.find('?');
  const auto it = all.find(target.substr(0, mark));
  if (it == all.end())
    return in_text(404, "no such page\n");
  try {
    return it->second(mark == target.npos ? std::string_view{}
                                          : std::string_view(target).substr(mark + 1));
  } catch (const std::exception& e) {
    log::warn("page {}: {}", it->first, e.what());
    return in_text(500, "the page could not be made\n");
  }
}

/// One connection: reads a request, answers, again.
template <class Stream>
class visitor final : public guest, public std::enable_shared_from_this<visitor<Stream>> {
public:
  visitor(Stream stream, site& site) : stream_(std::move(stream)), site_(site) {
    place_ = site_.visitors.insert(site_.visitors.end(), this);
  }
  ~visitor() { site_.visitors.erase(place_); }

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

  void leave() override {
    beast::error_code ignored;
    beast::get_lowest_layer(stream_).socket().close(ignored);
  }

private:
  void read() {
    parser_.emplace();
    parser_->header_limit(max_header_bytes);
    parser_->body_limit(0);
    empty_lines_ = 0;
    beast::get_lowest_layer(stream_).expires_after(patience);
    site_.visitors.splice(site_.visitors.end(), site_.visitors, place_);
    begin_request();
  }

  // The parser does not know of empty lines in front of a request.
  void begin_request() {
    const auto bytes = buffer_.data();
    const std::string_view came(static_cast<const char*>(bytes.data()), bytes.size());
    const auto empty = empty_lines_ < most_empty_bytes ? empty_lines(came) : 0;
    empty_lines_ += empty;
    buffer_.consume(empty);
    if (buffer_.size() > 0 && came.substr(empty) != "\r")
      return read_request();
    stream_.async_read_some(
        buffer_.prepare(first_read),
        [self = this->shared_from_this()](const beast::error_code& ec, std::size_t got) {
          self->buffer_.commit(got);
          if (!ec)
            self->begin_request();
        });
  }

  void read_request() {
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
    if (ec)
      return answer(in_text(400, "malformed request\n"), false);
    if (!site_.authenticator)
      return show();
    switch (site_.authenticator->check(credentials_of(site_, parser_->get()))) {
    case server_authenticator::outcome::accepted:
      return show();
    case server_authenticator::outcome::pending:
      return ask_slowly();
    case server_authenticator::outcome::busy:
      return answer_busy();
    case server_authenticator::outcome::refused:
      return answer(in_text(401, "unauthorized\n"), parser_->keep_alive());
    }
  }

  void ask_slowly() {
    auto done = [weak = this->weak_from_this(), io = stream_.get_executor()](bool right) {
      asio::post(io, [weak, right] {
        if (const auto self = weak.lock())
          self->on_verdict(right);
      });
    };
    // Nothing else holds the connection meanwhile.
    waiting_ = this->shared_from_this();
    if (!site_.authenticator->check_slowly(credentials_of(site_, parser_->get()), std::move(done)))
      answer_busy();
  }

  void on_verdict(bool right) {
    if (right)
      show();
    else
      answer(in_text(401, "unauthorized\n"), parser_->keep_alive());
  }

  void answer_busy() { answer(in_text(503, "too many credentials to check\n"), false); }

  void show() { answer(make(site_.pages, parser_->get()), parser_->keep_alive()); }

  void answer(admin_http::answer page, bool keep) {
    const auto self = std::exchange(waiting_, nullptr);
    response_ = {static_cast<http::status>(page.status), 11};
    response_.set(http::field::content_type, page.content_type);
    if (page.status == 401)
      response_.set(http::field::www_authenticate, std::string(site_.authenticator->challenge()));
    for (const auto& [name, value] : site_.headers)
      response_.set(name, value);
    response_.keep_alive(keep);
    response_.content_length(page.body.size());
    if (!parser_->is_header_done() || parser_->get().method() != http::verb::head)
      response_.body() = std::move(page.body);
    write(keep);
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
  std::size_t empty_lines_ = 0;              ///< Bytes of those in front of the request.
  std::shared_ptr<visitor<Stream>> waiting_; ///< Itself, while its credentials are checked.
  site& site_;
  std::list<guest*>::iterator place_;
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
      // A probe must come through, whoever holds connections: who has waited longest goes.
      if (shown.visitors.size() >= max_connections)
        make_room();
      welcome(plain_stream(std::move(socket)));
      accept();
    });
  }

  void make_room() {
    if (log::permit("net.pages." + endpoint))
      log::warn("{}: {} connections are open, which is the limit: the oldest is closed for another",
                endpoint, max_connections);
    auto* oldest = shown.visitors.front();
    shown.visitors.splice(shown.visitors.end(), shown.visitors, shown.visitors.begin());
    oldest->leave();
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
    shown.authenticator.reset(); // Its thread posts to io.
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
