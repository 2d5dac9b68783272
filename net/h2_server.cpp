#include "net/h2_server.hpp"

#include "net/h2_session.hpp"

#include <random>

namespace weir::net {

namespace {

constexpr std::int32_t stream_window = 8 << 20;
constexpr std::int32_t connection_window = 64 << 20;
constexpr std::uint32_t our_max_streams = 1000;
/// A head above the first is answered with an error, above the second it ends the connection.
constexpr std::size_t max_header_bytes = 64 << 10;
constexpr std::size_t abusive_header_bytes = 1 << 20;
/// Time between the first and the last GOAWAY for a client that does not answer the ping between.
constexpr steady_ns goodbye_time = second_ns;
/// A refused request is answered when it has ended, as clients expect, but not later than after so
/// much more of its body, or so long.
constexpr std::size_t patient_bytes = 64 << 10;
constexpr steady_ns patient_time = second_ns / 2;
constexpr std::uint8_t goodbye_ping[8] = {'w', 'e', 'i', 'r', 'b', 'y', 'e', 0};

std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

std::optional<h2_refusal> to_refusal(std::optional<rpc_answer>&& answer) {
  if (!answer)
    return {};
  return std::move(*answer);
}

steady_ns to_ns(std::chrono::milliseconds x) {
  return x.count() * millisecond_ns;
}

/// ± 10 %, so that clients that came together do not leave together.
steady_ns with_jitter(steady_ns age) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return age / 10 * 9 + static_cast<steady_ns>(random() % 1000) * (age / 5000);
}

} // namespace

/// nghttp2's callbacks: each finds its session and stream, and hands on.
struct h2_callbacks {
  static h2_session& self(void* user) { return *static_cast<h2_session*>(user); }

  static h2_stream* stream_of(nghttp2_session* h2, std::int32_t id) {
    return static_cast<h2_stream*>(nghttp2_session_get_stream_user_data(h2, id));
  }

  static int begin_headers(nghttp2_session* h2, const nghttp2_frame* frame, void* user) {
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST)
      return 0;
    auto& session = self(user);
    const auto id = frame->hd.stream_id;
    auto& stream = session.streams_[id];
    stream.id = id;
    stream.last_data = session.now_;
    stream.body =
        body_buffer(session.listener_->server->budget, session.listener_->config.max_message_bytes);
    nghttp2_session_set_stream_user_data(h2, id, &stream);
    return 0;
  }

  static int header(nghttp2_session* h2, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    auto* stream = stream_of(h2, frame->hd.stream_id);
    if (!stream || stream->at != h2_stream::phase::head)
      return 0;
    return self(user).on_header(*stream, view(name, name_size), view(value, value_size))
               ? 0
               : NGHTTP2_ERR_CALLBACK_FAILURE;
  }

  static int data(nghttp2_session* h2, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                  std::size_t size, void* user) {
    auto* stream = stream_of(h2, id);
    if (stream)
      self(user).on_data(*stream, view(bytes, size));
    return 0;
  }

  static int frame(nghttp2_session* h2, const nghttp2_frame* frame, void* user) {
    auto& session = self(user);
    const bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_DATA: {
      if (frame->hd.type == NGHTTP2_DATA && !end && frame->hd.length <= frame->data.padlen)
        session.on_idle_frame();
      auto* stream = stream_of(h2, frame->hd.stream_id);
      if (!stream)
        break;
      if (stream->at == h2_stream::phase::head)
        session.on_request_head(*stream);
      if (end)
        session.on_request_end(*stream);
      break;
    }
    case NGHTTP2_SETTINGS:
      session.greeted_ = true;
      if (!(frame->hd.flags & NGHTTP2_FLAG_ACK))
        session.on_idle_frame();
      break;
    case NGHTTP2_PRIORITY:
      session.on_idle_frame();
      break;
    case NGHTTP2_PING:
      session.on_ping(*frame);
      break;
    default:
      break;
    }
    return 0;
  }

  static int sent(nghttp2_session* h2, const nghttp2_frame* frame, void* user) {
    const auto type = frame->hd.type;
    if (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA)
      return 0;
    self(user).strikes_.on_sent();
    // Answered before the request was over: its rest is not wanted (RFC 9113, 8.1).
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM)
        && nghttp2_session_get_stream_remote_close(h2, frame->hd.stream_id) == 0)
      nghttp2_submit_rst_stream(h2, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
  }

  static int stream_close(nghttp2_session* h2, std::int32_t id, std::uint32_t, void* user) {
    auto& session = self(user);
    nghttp2_session_set_stream_user_data(h2, id, nullptr);
    session.streams_.erase(id);
    if (session.streams_.empty())
      session.idle_since_ = session.now_;
    return 0;
  }
};

h2_session::h2_session(session_owner& owner, std::shared_ptr<const listener_context> listener)
    : owner_(owner), listener_(std::move(listener)), strikes_(listener_->config.keepalive),
      now_(steady_now()), born_(now_), last_input_(now_), idle_since_(now_),
      max_age_(with_jitter(to_ns(listener_->config.keepalive.max_connection_age))) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, h2_callbacks::begin_headers);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, h2_callbacks::header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, h2_callbacks::data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, h2_callbacks::frame);
  nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, h2_callbacks::sent);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, h2_callbacks::stream_close);
  nghttp2_option* options = nullptr;
  nghttp2_option_new(&options);
  nghttp2_option_set_stream_reset_rate_limit(options, 500, 50);
  nghttp2_session_server_new2(&h2_, callbacks, this, options);
  nghttp2_option_del(options);
  nghttp2_session_callbacks_del(callbacks);
  submit_settings();
}

h2_session::~h2_session() {
  nghttp2_session_del(h2_);
}

void h2_session::submit_settings() {
  const auto configured = listener_->config.max_concurrent_streams;
  const std::array settings = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                             configured ? configured : our_max_streams},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, max_header_bytes},
  };
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(h2_, NGHTTP2_FLAG_NONE, 0, connection_window);
}

bool h2_session::feed(std::string_view bytes, steady_ns now) {
  now_ = last_input_ = now;
  const auto taken = nghttp2_session_mem_recv(
      h2_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0)
    return !given_up_;
  const bool flood = taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_CALLBACK_FAILURE;
  if (flood)
    listener_->count(refusal::abuse);
  nghttp2_session_terminate_session(h2_,
                                    flood ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR);
  return false;
}

void h2_session::produce(std::string& out, std::size_t soft_limit) {
  while (out.size() < soft_limit) {
    const std::uint8_t* data = nullptr;
    const auto size = nghttp2_session_mem_send(h2_, &data);
    if (size <= 0) {
      given_up_ |= size < 0;
      return;
    }
    out.append(view(data, static_cast<std::size_t>(size)));
  }
}

bool h2_session::finished() const {
  if (given_up_ || (streams_.empty() && (input_over_ || leaving_ == leaving::said)))
    return true;
  return !nghttp2_session_want_read(h2_) && !nghttp2_session_want_write(h2_);
}

bool h2_session::on_header(h2_stream& stream, std::string_view name, std::string_view value) {
  stream.header_bytes += name.size() + value.size() + 32; // as RFC 9113, 6.5.2 counts
  if (stream.header_bytes > max_header_bytes)
    return stream.header_bytes <= abusive_header_bytes;
  if (name == ":method")
    stream.head.set_method(value);
  else if (name == ":path")
    stream.head.set_path(*listener_, value);
  else if (name.front() != ':')
    stream.head.add(*listener_, name, value);
  return true;
}

std::optional<h2_refusal> h2_session::check_head(h2_stream& stream) {
  using media = request_head::media;
  const auto& head = stream.head;
  const bool grpc = listener_->config.grpc;
  if (stream.header_bytes > max_header_bytes)
    return plain_text(431, "the headers are too large\n");
  if (grpc && head.content != media::grpc)
    return plain_text(415, "this port speaks gRPC: application/grpc\n");
  if (grpc && head.method != request_head::verb::post)
    return plain_text(405, "this port speaks gRPC: POST\n");
  if (grpc) {
    if (head.timeout)
      stream.deadline = now_ + head.timeout->count();
    return to_refusal(refuse_grpc(*listener_, head));
  }
  if (auto refused = refuse_http(*listener_, head))
    return std::move(*refused);
  const auto verdict = stream.body.expect(head.content_length.value_or(0));
  if (verdict != body_buffer::verdict::ok)
    return to_answer(*listener_, verdict);
  return {};
}

void h2_session::on_request_head(h2_stream& stream) {
  stream.at = h2_stream::phase::body;
  if (auto refused = check_head(stream))
    refuse(stream, std::move(*refused));
}

void h2_session::on_data(h2_stream& stream, std::string_view piece) {
  stream.last_data = now_;
  if (stream.at == h2_stream::phase::refused) {
    stream.unwanted_bytes += piece.size();
    if (stream.unwanted_bytes > patient_bytes)
      answer_refused(stream);
  } else if (stream.at == h2_stream::phase::body) {
    if (auto refused = stream.add(*listener_, piece))
      refuse(stream, std::move(*refused));
  }
}

void h2_session::refuse(h2_stream& stream, h2_refusal&& why) {
  stream.at = h2_stream::phase::refused;
  stream.refused_at = now_;
  stream.body.discard();
  stream.refusal = std::move(why);
}

void h2_session::answer_refused(h2_stream& stream) {
  if (auto* response = std::get_if<http_response>(&stream.refusal))
    answer_http(stream, std::move(*response));
  else
    answer(stream, std::get<rpc_answer>(stream.refusal));
}

void h2_session::on_request_end(h2_stream& stream) {
  if (stream.at == h2_stream::phase::refused)
    return answer_refused(stream);
  if (stream.at != h2_stream::phase::body)
    return;
  otlp_request request;
  byte_reservation bytes;
  if (auto refused = stream.finish(*listener_, now_, request, bytes))
    return answer(stream, *refused);
  request.metadata = std::move(stream.head.metadata);
  stream.at = h2_stream::phase::in_flight;
  owner_.deliver(static_cast<std::uint32_t>(stream.id), std::move(request), std::move(bytes));
}

void h2_session::on_idle_frame() {
  if (!given_up_ && !allowance_.spend(now_))
    give_up(NGHTTP2_ENHANCE_YOUR_CALM, "too many frames that say nothing");
}

void h2_session::on_ping(const nghttp2_frame& frame) {
  if (frame.hd.flags & NGHTTP2_FLAG_ACK) {
    pinged_at_ = 0;
    if (leaving_ == leaving::noticed
        && std::equal(goodbye_ping, goodbye_ping + 8, frame.ping.opaque_data))
      say_goodbye();
    return;
  }
  on_idle_frame();
  if (listener_->config.grpc && !given_up_ && !strikes_.on_ping(now_, !streams_.empty()))
    give_up(NGHTTP2_ENHANCE_YOUR_CALM, "too_many_pings");
}

void h2_session::give_up(std::uint32_t code, std::string_view why) {
  listener_->count(refusal::abuse);
  given_up_ = true;
  nghttp2_submit_goaway(h2_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2_), code,
                        reinterpret_cast<const std::uint8_t*>(why.data()), why.size());
}

void h2_session::drain() {
  if (leaving_ != leaving::no)
    return;
  // First "open no more streams", then, a round trip later, which ones were still taken: so no
  // request that is under way gets lost (RFC 9113, 6.8).
  leaving_ = leaving::noticed;
  leaving_since_ = steady_now();
  nghttp2_submit_shutdown_notice(h2_);
  nghttp2_submit_ping(h2_, NGHTTP2_FLAG_NONE, goodbye_ping);
}

void h2_session::say_goodbye() {
  leaving_ = leaving::said;
  nghttp2_submit_goaway(h2_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2_),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

bool h2_session::tick(steady_ns now) {
  now_ = now;
  if (!greeted_ && now - born_ > to_ns(listener_->server->limits.handshake_timeout)) {
    listener_->handshake_failures.Increment();
    return false;
  }
  if (!streams_.empty())
    check_streams(now);
  if (leaving_ == leaving::noticed && now - leaving_since_ > goodbye_time)
    say_goodbye();
  return check_age(now) && keep_alive(now);
}

bool h2_session::check_age(steady_ns now) {
  const auto& keepalive = listener_->config.keepalive;
  const auto idle = to_ns(keepalive.max_connection_idle);
  const auto grace = to_ns(keepalive.max_connection_age_grace);
  if ((idle && streams_.empty() && now - idle_since_ > idle)
      || (max_age_ && now - born_ > max_age_))
    drain();
  return !(max_age_ && grace && now - born_ > max_age_ + grace);
}

bool h2_session::keep_alive(steady_ns now) {
  const auto& keepalive = listener_->config.keepalive;
  if (pinged_at_ && last_input_ < pinged_at_)
    return now - pinged_at_ < to_ns(keepalive.timeout);
  pinged_at_ = 0;
  if (keepalive.time.count() > 0 && now - last_input_ > to_ns(keepalive.time)) {
    pinged_at_ = now;
    nghttp2_submit_ping(h2_, NGHTTP2_FLAG_NONE, nullptr);
  }
  return true;
}

void h2_session::check_streams(steady_ns now) {
  const auto patience = to_ns(listener_->server->limits.body_timeout);
  for (auto& [id, stream] : streams_) {
    const bool incomplete = stream.at == h2_stream::phase::body;
    if (stream.at == h2_stream::phase::refused && now - stream.refused_at > patient_time) {
      answer_refused(stream);
      continue;
    }
    if (stream.at == h2_stream::phase::head && now - stream.last_data > patience)
      return give_up(NGHTTP2_PROTOCOL_ERROR, "its headers came too slowly");
    if (stream.deadline && now >= stream.deadline && stream.at != h2_stream::phase::answered)
      answer(stream, {grpc_code::deadline_exceeded, "its time is over", {}, 0});
    else if (incomplete && now - stream.last_data > patience)
      answer(stream, {grpc_code::deadline_exceeded, "its body came too slowly", {}, 0});
  }
}

std::unique_ptr<session> make_h2_server(session_owner& owner,
                                        std::shared_ptr<const listener_context> listener) {
  return std::make_unique<h2_session>(owner, std::move(listener));
}

} // namespace weir::net
