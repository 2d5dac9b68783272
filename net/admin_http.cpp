#include "net/admin_http.hpp"

#include "core/log.hpp"
#include "net/listener.hpp"

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

using pages = std::map<std::string, admin_http::page>;
using request = http::request<http::empty_body>;

admin_http::answer make(const pages& all, const request& asked) {
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
class visitor : public std::enable_shared_from_this<visitor> {
public:
  visitor(tcp::socket socket, const pages& all, std::size_t& count)
      : stream_(std::move(socket)), pages_(all), count_(count) {
    ++count_;
  }
  ~visitor() { --count_; }

  void read() {
    parser_.emplace();
    parser_->header_limit(max_header_bytes);
    parser_->body_limit(0);
    stream_.expires_after(patience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const beast::error_code& ec, std::size_t) {
                       self->on_read(ec);
                     });
  }

private:
  void on_read(const beast::error_code& ec) {
    if (ec == http::error::end_of_stream || ec == beast::error::timeout
        || ec == asio::error::operation_aborted)
      return;
    if (ec && ec.category() != http::make_error_code(http::error::bad_method).category())
      return;
    auto page = ec ? admin_http::answer{400, "text/plain; charset=utf-8", "malformed request\n"}
                   : make(pages_, parser_->get());
    const bool keep = !ec && parser_->keep_alive();
    response_ = {static_cast<http::status>(page.status), 11};
    response_.set(http::field::content_type, page.content_type);
    response_.keep_alive(keep);
    response_.content_length(page.body.size());
    if (ec || parser_->get().method() != http::verb::head)
      response_.body() = std::move(page.body);
    write(keep);
  }

  void write(bool keep) {
    stream_.expires_after(patience);
    http::async_write(stream_, response_,
                      [self = shared_from_this(), keep](const beast::error_code& ec, std::size_t) {
                        if (!ec && keep)
                          return self->read();
                        beast::error_code ignored;
                        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
                      });
  }

  beast::tcp_stream stream_;
  beast::flat_buffer buffer_{2 * max_header_bytes};
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
  const pages& pages_;
  std::size_t& count_;
};

} // namespace

struct admin_http::impl {
  std::size_t visitors = 0; ///< Outlives the connections that io's end lets go of.
  pages all;
  asio::io_context io{1};
  std::optional<tcp::acceptor> acceptor;
  asio::steady_timer pause{io};
  std::string endpoint;
  std::thread thread;

  void accept() {
    acceptor->async_accept([this](const beast::error_code& ec, tcp::socket socket) {
      if (ec == asio::error::operation_aborted)
        return;
      if (ec)
        return accept_later();
      if (visitors < max_connections)
        std::make_shared<visitor>(std::move(socket), all, visitors)->read();
      accept();
    });
  }

  void accept_later() {
    pause.expires_after(std::chrono::milliseconds(100));
    pause.async_wait([this](const beast::error_code& ec) {
      if (!ec)
        accept();
    });
  }

  ~impl() {
    io.stop();
    if (thread.joinable())
      thread.join();
  }
};

result<std::unique_ptr<admin_http>> admin_http::start(const std::string& endpoint,
                                                      std::map<std::string, page> pages) {
  auto built = std::make_unique<impl>();
  built->all = std::move(pages);
  auto acceptor = listen_on(built->io, endpoint);
  if (!acceptor)
    return tl::unexpected(acceptor.error());
  built->endpoint = to_string(acceptor->local_endpoint());
  built->acceptor.emplace(std::move(*acceptor));
  built->accept();
  built->thread = std::thread([x = built.get()] { x->io.run(); });
  return std::unique_ptr<admin_http>(new admin_http(std::move(built)));
}

admin_http::admin_http(std::unique_ptr<impl> built) : impl_(std::move(built)) {}

admin_http::~admin_http() = default;

std::string admin_http::endpoint() const {
  return impl_->endpoint;
}

} // namespace weir::net
