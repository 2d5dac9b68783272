#include "net/server/h1_server.hpp"

#include "net/server/body_pace.hpp"
#include "net/server/h1_session.hpp"
#include "net/server/request_target.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <fmt/format.h>

namespace weir::net {

namespace http = boost::beast::http;

namespace {

constexpr std::uint32_t max_header_bytes = 64 << 10;
/// The body of a refused request is read to its end up to here, so that the connection can be kept.
constexpr std::uint64_t patient_bytes = 256 << 10;
/// While so much of answers waits for the client, no other request is worked on.
constexpr std::size_t waiting_answers = 64 << 10;
/// What frames a body in chunks (sizes, extensions, trailers) may be so long, and on top of that so
/// many times as long as the body itself: a byte a chunk is fine.
constexpr std::uint64_t framing_bytes = 64 << 10;
constexpr std::uint64_t framing_for_a_byte = 8;
/// Input that waits in a connection without counting as in flight.
constexpr std::size_t free_input_bytes = 4 << 10;
constexpr char tls_handshake_record = 0x16;
constexpr std::size_t most_empty_lines = 8; // bytes

steady_ns to_ns(std::chrono::milliseconds x) {
  return x.count() * millisecond_ns;
}

/// Reasons a parser gives up on a head, in HTTP's numbers.
unsigned status_of(const boost::beast::error_code& ec) {
  if (ec == http::error::header_limit)
    return 431;
  return ec == http::error::body_limit ? 413 : 400;
}

/// Whether the body comes as it is or in chunks: no other transfer coding is undone here (RFC
/// 9112, 6.1).
template <class Fields>
bool readable_coding(const Fields& message) {
  const auto [first, last] = message.equal_range(http::field::transfer_encoding);
  return first == last
         || (std::next(first) == last && boost::algorithm::iequals(first->value(), "chunked"));
}

} // namespace

h1_session::h1_session(session_owner& owner, std::shared_ptr<const listener_context> listener)
    : owner_(owner), listener_(std::move(listener)), input_room_(listener_->server->budget),
      now_(steady_now()), last_input_(now_) {
  begin_request();
}

void h1_session::begin_request() {
  parser_.emplace();
  parser_->header_limit(max_header_bytes);
  parser_->body_limit(
      boost::none); // The body's buffer has the limit; Beast's would give no answer.
  parser_->eager(false);
  head_ = {};
  body_ = body_buffer(listener_->server->budget, listener_->server->refused_bodies,
                      listener_->config.max_message_bytes);
  parser_->get().body().buffer = &body_;
  refusal_.reset();
  ++request_;
  tls_client_ = false;
  phase_ = phase::head;
  request_began_ = head_ended_ = 0;
  body_input_ = empty_lines_ = 0;
}

bool h1_session::feed(std::string_view bytes, steady_ns now) {
  now_ = last_input_ = now;
  if (input_.empty()) {
    work(bytes);
    input_.assign(bytes);
    account_for_input();
  } else {
    input_.append(bytes);
    work_on_kept();
  }
  return phase_ != phase::over;
}

void h1_session::account_for_input() {
  if (input_.empty() && input_.capacity() > free_input_bytes)
    std::string().swap(input_);
  if (input_.size() <= free_input_bytes)
    return input_room_.release();
  if (input_room_.grow_to(input_.size()) || (phase_ != phase::head && phase_ != phase::body))
    return;
  listener_->count(refusal::bytes_in_flight);
  refuse(plain_text(503, "too many bytes in flight\n"));
}

void h1_session::work_on_kept() {
  std::string_view rest = input_;
  work(rest);
  input_.erase(0, input_.size() - rest.size());
  account_for_input();
}

void h1_session::work(std::string_view& input) {
  backlog_ = false;
  while (!input.empty() && (phase_ == phase::head || phase_ == phase::body)) {
    backlog_ = phase_ == phase::head && out_.size() >= waiting_answers;
    if (backlog_ || !parse_some(input))
      return;
  }
}

bool h1_session::pass_over_empty_lines(std::string_view& input) {
  const auto bytes = empty_lines_ < most_empty_lines ? empty_lines(input) : 0;
  empty_lines_ += bytes;
  input.remove_prefix(bytes);
  return !input.empty() && input != "\r";
}

bool h1_session::too_much_framing(std::size_t waiting) {
  const auto framing = body_input_ + waiting - std::min(body_input_, body_.size());
  return phase_ == phase::body && !refusal_
         && framing > framing_bytes + framing_for_a_byte * body_.size();
}

bool h1_session::parse_some(std::string_view& input) {
  if (request_began_ == 0) {
    if (!pass_over_empty_lines(input))
      return false;
    request_began_ = now_;
    tls_client_ = input.front() == tls_handshake_record;
  }
  boost::beast::error_code ec;
  const auto taken = parser_->put(boost::asio::buffer(input.data(), input.size()), ec);
  input.remove_prefix(taken);
  if (phase_ == phase::body)
    body_input_ += taken;
  if (ec && ec != http::error::need_more) {
    on_parse_error(ec);
    return false;
  }
  if (too_much_framing(ec ? input.size() : 0)) {
    listener_->count(refusal::abuse);
    refuse(plain_text(400, "malformed request: too much that frames the body: chunk sizes, "
                           "extensions, trailers\n"));
    return false;
  }
  if (ec)
    return false;
  if (phase_ == phase::head && parser_->is_header_done())
    on_head(!input.empty());
  if (phase_ == phase::body && parser_->is_done())
    on_request_end();
  return taken > 0 || phase_ == phase::in_flight;
}

void h1_session::on_parse_error(const boost::beast::error_code& ec) {
  const auto verdict = parser_->get().body().verdict;
  if (verdict != body_buffer::result::ok)
    return refuse(to_http(*listener_, head_, to_answer(*listener_, head_, verdict)));
  refuse(plain_text(status_of(ec), fmt::format("malformed request: {}\n", ec.message())));
}

std::optional<http_response> h1_session::check_head() {
  if (auto refused = refuse_http(*listener_, head_))
    return refused;
  if (head_.unknown_client && !owner_.ask_about(request_, head_.credentials))
    return to_http(*listener_, head_,
                   refuse_client(*listener_, server_authenticator::outcome::busy));
  turn_away_where_closed(*listener_, head_, body_);
  return {};
}

void h1_session::on_head(bool body_has_begun) {
  const auto& message = parser_->get();
  head_.set_method(std::string_view(message.method_string()));
  head_.set_path(*listener_, origin_form(std::string_view(message.target())));
  for (const auto& field : message)
    head_.add(*listener_, boost::algorithm::to_lower_copy(std::string(field.name_string())),
              std::string_view(field.value()));
  keep_ = message.keep_alive() && listener_->config.keep_alives_enabled;
  phase_ = phase::body;
  head_ended_ = now_;
  if (!readable_coding(message))
    return refuse(plain_text(501, "of the transfer codings only chunked is taken\n"));
  const auto expect = message[http::field::expect];
  if (!expect.empty() && !boost::algorithm::iequals(expect, "100-continue"))
    return refuse(plain_text(417, "only 100-continue can be expected\n"));
  if (auto refused = check_head())
    return refuse_after_body(std::move(*refused), !expect.empty());
  const auto verdict = body_.expect(head_.content_length.value_or(0));
  if (verdict != body_buffer::result::ok)
    return refuse(to_http(*listener_, head_, to_answer(*listener_, head_, verdict)));
  if (head_.turned_away && !expect.empty()) // It asks, so that nothing has to be sent in vain.
    return refuse(to_http(*listener_, head_, why_turned_away(*listener_, head_)));
  if (!expect.empty() && !body_has_begun && !parser_->is_done())
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  parser_->eager(true);
}

void h1_session::on_request_end() {
  if (refusal_)
    return send(std::move(*refusal_));
  phase_ = phase::asking;
  if (!head_.unknown_client)
    hand_on();
}

void h1_session::hand_on() {
  otlp_request request;
  byte_reservation bytes;
  phase_ = phase::in_flight;
  if (auto refused = complete(*listener_, head_, true, body_, request, bytes))
    return answer(*refused);
  known_ = true;
  request.metadata = std::move(head_.metadata);
  owner_.deliver(request_, std::move(request), std::move(bytes));
}

void h1_session::on_verdict(std::uint32_t request, bool accepted) {
  if (request != request_ || !head_.unknown_client
      || (phase_ != phase::body && phase_ != phase::asking))
    return;
  head_.unknown_client = false;
  if (accepted)
    return phase_ == phase::asking ? hand_on() : void();
  auto refused =
      to_http(*listener_, head_, refuse_client(*listener_, server_authenticator::outcome::refused));
  if (phase_ == phase::asking)
    return send(std::move(refused));
  body_.discard();
  refuse_after_body(std::move(refused), false);
}

void h1_session::report(refusal reason, std::string_view why) {
  listener_->count(reason);
  listener_->log_refusal(reason, owner_.client_address(), why);
}

void h1_session::reply(std::uint32_t request, otlp_reply&& reply) {
  if (phase_ == phase::in_flight && request == request_)
    answer(to_answer(std::move(reply)));
}

void h1_session::refuse(http_response&& response) {
  // The rest of the body is not wanted: after the answer the connection ends.
  keep_ = false;
  send(std::move(response));
}

void h1_session::refuse_after_body(http_response&& response, bool expects) {
  if (parser_->is_done())
    return send(std::move(response));
  if (expects || !head_.content_length || *head_.content_length > patient_bytes)
    return refuse(std::move(response));
  refusal_ = std::move(response);
  parser_->get().body().buffer = nullptr;
  parser_->eager(true);
}

void h1_session::send(http_response&& response) {
  listener_->count_http(response.status);
  if (const auto fault = fault_of(response.status))
    report(tls_client_ ? refusal::tls_on_plain : *fault,
           tls_client_ ? "it speaks TLS, this port does not" : std::string_view(response.why));
  const bool keep = keep_ && !draining_ && !(input_over_ && input_.empty());
  const auto reason = http::obsolete_reason(static_cast<http::status>(response.status));
  out_ += fmt::format("HTTP/1.1 {} {}\r\n", response.status, std::string_view(reason));
  if (!response.content_type.empty())
    out_ += fmt::format("Content-Type: {}\r\n", response.content_type);
  for (const auto& [name, value] : response.headers)
    out_ += fmt::format("{}: {}\r\n", name, value);
  if (response.status != 204)
    out_ += fmt::format("Content-Length: {}\r\n", response.body.size());
  out_ += keep ? "\r\n" : "Connection: close\r\n\r\n";
  if (head_.method != request_head::verb::head)
    out_ += response.body;
  if (!keep) {
    body_.discard();
    phase_ = phase::over;
    return;
  }
  begin_request();
}

void h1_session::produce(std::string& out, std::size_t) {
  out += out_;
  out_.clear();
  // What was pipelined behind the request that is answered now, or behind those whose answers
  // have gone out.
  if (phase_ == phase::head && !input_.empty()) {
    work_on_kept();
    out += out_;
    out_.clear();
  }
}

bool h1_session::finished() const {
  if (phase_ == phase::over)
    return true;
  return phase_ != phase::in_flight && phase_ != phase::asking
         && (input_over_ || (draining_ && request_began_ == 0));
}

bool h1_session::too_slow() const {
  const auto& config = listener_->config;
  const auto& limits = listener_->server->limits;
  if (phase_ == phase::asking)
    return false;
  const auto over = [&](steady_ns since, std::chrono::milliseconds limit) {
    return limit.count() > 0 && now_ - since > to_ns(limit);
  };
  if (phase_ == phase::head)
    return over(request_began_, config.read_header_timeout)
           || over(request_began_, limits.handshake_timeout);
  return over(request_began_, config.read_timeout)
         || is_too_slow({head_ended_, last_input_, body_input_}, limits, now_);
}

bool h1_session::tick(steady_ns now) {
  now_ = now;
  if (phase_ == phase::in_flight || phase_ == phase::over)
    return true;
  if (request_began_ == 0) {
    const auto idle = listener_->config.idle_timeout;
    if (!known_ && now - last_input_ >= first_request_time(listener_->server->limits)) {
      report(refusal::idle, "it has made no good request");
      return false;
    }
    return idle.count() <= 0 || now - last_input_ < to_ns(idle);
  }
  if (too_slow())
    refuse(plain_text(408, "the request came too slowly\n"));
  return true;
}

std::unique_ptr<session> make_h1_server(session_owner& owner,
                                        std::shared_ptr<const listener_context> listener) {
  return std::make_unique<h1_session>(owner, std::move(listener));
}

} // namespace weir::net
