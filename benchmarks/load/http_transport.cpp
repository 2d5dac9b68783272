#include "benchmarks/load/grpc.hpp"
#include "benchmarks/load/transport.hpp"

#include <array>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <fmt/format.h>

namespace weir::load {

namespace {

namespace http = boost::beast::http;

std::optional<std::chrono::milliseconds>
retry_after(const http::response<http::string_body>& response) {
  const auto text = response[http::field::retry_after];
  int seconds = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), seconds).ec != std::errc{})
    return std::nullopt;
  return std::chrono::seconds(seconds);
}

answer judge(const http::response<http::string_body>& response) {
  const auto status = response.result_int();
  if (status == 200)
    return {.outcome = answer::kind::acknowledged,
            .rejected = rejected_spans(response.body()),
            .reason = {}};
  const auto again = status == 429 || status == 502 || status == 503 || status == 504;
  return {.outcome = again ? answer::kind::refused : answer::kind::failed,
          .retry_after = retry_after(response),
          .reason = fmt::format("HTTP {}", status)};
}

class http_transport final : public transport, public std::enable_shared_from_this<http_transport> {
public:
  http_transport(tcp::socket socket, const transport_settings& settings, listener listener)
      : socket_(std::move(socket)), listener_(std::move(listener)) {
    boost::system::error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    head_ = fmt::format("POST /v1/traces HTTP/1.1\r\nHost: {}\r\nUser-Agent: weir-load\r\n"
                        "Content-Type: application/x-protobuf\r\n",
                        settings.authority);
    if (!settings.encoding.empty())
      head_ += fmt::format("Content-Encoding: {}\r\n", settings.encoding);
  }

  void send(std::uint64_t request, std::string_view bytes) override {
    request_ = request;
    sent_head_ = fmt::format("{}Content-Length: {}\r\n\r\n", head_, bytes.size());
    const std::array<asio::const_buffer, 2> parts{asio::buffer(sent_head_), asio::buffer(bytes)};
    asio::async_write(socket_, parts, [self = shared_from_this()](auto failed, auto) {
      if (failed)
        self->close();
    });
    read();
  }

  void cancel(std::uint64_t request) override {
    if (request_ == request)
      close();
  }

  void close() override {
    if (std::exchange(closed_, true))
      return;
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (request_)
      listener_.on_answer(*std::exchange(request_, std::nullopt),
                          {.reason = "the connection was lost"});
    listener_.on_closed();
  }

  bool usable() const override { return !closed_ && !leaving_; }

private:
  void read() {
    parser_.emplace();
    http::async_read(socket_, buffer_, *parser_, [self = shared_from_this()](auto failed, auto) {
      if (failed || !self->request_)
        return self->close();
      const auto& response = self->parser_->get();
      self->leaving_ = !response.keep_alive();
      self->listener_.on_answer(*std::exchange(self->request_, std::nullopt), judge(response));
      if (self->leaving_)
        self->close();
    });
  }

  tcp::socket socket_;
  listener listener_;
  std::string head_;
  std::string sent_head_;
  std::optional<std::uint64_t> request_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  bool leaving_ = false; ///< The server closes after this answer.
  bool closed_ = false;
};

} // namespace

std::shared_ptr<transport> open_http(tcp::socket socket, const transport_settings& settings,
                                     transport::listener listener) {
  return std::make_shared<http_transport>(std::move(socket), settings, std::move(listener));
}

} // namespace weir::load
