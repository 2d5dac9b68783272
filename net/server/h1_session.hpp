#pragma once

#include "net/server/http_exchange.hpp"
#include "net/server/session.hpp"

#include <boost/beast/http/parser.hpp>
#include <optional>

namespace weir::net {

/// Beast's Body that puts what comes into a body_buffer, piece by piece.
struct counted_body {
  struct value_type {
    body_buffer* buffer = nullptr;                         ///< Null: the body is not wanted.
    body_buffer::result verdict = body_buffer::result::ok; ///< Why put() refused.
  };

  class reader {
  public:
    template <bool IsRequest, class Fields>
    reader(boost::beast::http::header<IsRequest, Fields>&, value_type& value) : value_(value) {}

    void init(const boost::optional<std::uint64_t>&, boost::beast::error_code& ec) { ec = {}; }

    template <class Buffers>
    std::size_t put(const Buffers& buffers, boost::beast::error_code& ec) {
      std::size_t total = 0;
      ec = {};
      for (auto it = boost::asio::buffer_sequence_begin(buffers);
           it != boost::asio::buffer_sequence_end(buffers); ++it) {
        const boost::asio::const_buffer piece = *it;
        if (value_.buffer)
          value_.verdict =
              value_.buffer->append({static_cast<const char*>(piece.data()), piece.size()});
        if (value_.verdict != body_buffer::result::ok) {
          ec = boost::beast::http::error::body_limit;
          return total;
        }
        total += piece.size();
      }
      return total;
    }

    void finish(boost::beast::error_code& ec) { ec = {}; }

  private:
    value_type& value_;
  };
};

/// The server's side of an HTTP/1.1 connection: one request at a time, what is pipelined behind it
/// waits unread or in a small buffer until it is answered.
class h1_session final : public session {
public:
  h1_session(session_owner& owner, std::shared_ptr<const listener_context> listener);

  bool feed(std::string_view bytes, steady_ns now) override;
  void end_of_input() override { input_over_ = true; }
  void produce(std::string& out, std::size_t soft_limit) override;
  void reply(std::uint32_t stream, otlp_reply&& answer) override;
  void on_verdict(std::uint32_t stream, bool accepted) override;
  bool tick(steady_ns now) override;
  void drain() override { draining_ = true; }
  bool wants_input() const override {
    return phase_ != phase::in_flight && phase_ != phase::asking && !backlog_;
  }
  bool finished() const override;

private:
  /// asking: the request is complete, but not yet who its client is.
  enum class phase : std::uint8_t { head, body, asking, in_flight, over };
  using parser = boost::beast::http::request_parser<counted_body>;

  void begin_request();
  void work(std::string_view& input);
  void work_on_kept();
  bool pass_over_empty_lines(std::string_view& input);
  bool parse_some(std::string_view& input);
  bool too_much_framing(std::size_t waiting);
  void account_for_input();
  void on_head(bool body_has_begun);
  std::optional<http_response> check_head();
  void hand_on();
  void on_request_end();
  void on_parse_error(const boost::beast::error_code& ec);
  void answer(const rpc_answer& answer) { send(to_http(*listener_, head_, answer)); }
  void send(http_response&& response);
  void refuse(http_response&& response);
  void refuse_after_body(http_response&& response, bool expects);
  bool too_slow() const;
  void report(refusal reason, std::string_view why);

  session_owner& owner_;
  std::shared_ptr<const listener_context> listener_;
  std::optional<parser> parser_;
  request_head head_;
  body_buffer body_;
  std::optional<http_response> refusal_; ///< Waits for the end of a small body.
  std::string input_;                    ///< Bytes that the parser has not taken.
  byte_reservation input_room_;          ///< For these, beyond a few.
  std::string out_;
  phase phase_ = phase::head;
  std::uint32_t request_ = 0; ///< Numbers the requests of the connection.
  steady_ns now_, last_input_, request_began_ = 0, head_ended_ = 0;
  std::uint64_t body_input_ = 0; ///< Bytes since the head, with what frames the body.
  std::size_t empty_lines_ = 0;  ///< Bytes of those in front of the request.
  bool keep_ = true;             ///< The connection may be used again after this request.
  bool draining_ = false, input_over_ = false;
  bool backlog_ = false;    ///< Requests wait until answers have gone out.
  bool known_ = false;      ///< It has made a good request.
  bool tls_client_ = false; ///< The request begins as TLS does.
};

} // namespace weir::net
