#include "net/server/h2_server.hpp"

#include "net/server/h2_session.hpp"

#include <random>

namespace weir::net {

namespace {

constexpr std::int32_t stream_window = 8 << 20;
constexpr std::int32_t connection_window = 64 << 20;
constexpr std::uint32_t our_max_streams = 1000;
/// Until a request was good; RFC 9113 (6.5.2) would have it no smaller.
constexpr std::uint32_t first_streams = 100;

std::string_view view(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
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
    const auto& server = *session.listener_->server;
    stream.head_room = byte_reservation(server.budget);
    stream.body = body_buffer(server.budget, server.refused_bodies,
                              session.listener_->config.max_message_bytes);
    nghttp2_session_set_stream_user_data(h2, id, &stream);
    return 0;
  }

  static int header(nghttp2_session* h2, const nghttp2_frame* frame, const std::uint8_t* name,
                    std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                    std::uint8_t, void* user) {
    auto* stream = stream_of(h2, frame->hd.stream_id);
    if (!stream || stream->state != h2_stream::phase::head)
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
      if (stream->state == h2_stream::phase::head)
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
    if (type == NGHTTP2_RST_STREAM && frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
      self(user).on_own_reset();
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
    if (const auto it = session.streams_.find(id); it != session.streams_.end()) {
      session.incomplete_bytes_ -= it->second.counted_bytes;
      session.streams_.erase(it);
    }
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
  const std::array settings = {
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS,
                             std::min(max_streams(), first_streams)},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
      nghttp2_settings_entry{NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, max_header_bytes},
  };
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, settings.data(), settings.size());
  nghttp2_session_set_local_window_size(h2_, NGHTTP2_FLAG_NONE, 0, connection_window);
}

std::uint32_t h2_session::max_streams() const noexcept {
  const auto configured = listener_->config.max_concurrent_streams;
  return configured ? configured : our_max_streams;
}

void h2_session::allow_all_streams() {
  trusted_ = true;
  if (max_streams() <= first_streams)
    return;
  const nghttp2_settings_entry setting{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, max_streams()};
  nghttp2_submit_settings(h2_, NGHTTP2_FLAG_NONE, &setting, 1);
}

bool h2_session::feed(std::string_view bytes, steady_ns now) {
  now_ = last_input_ = now;
  const auto taken = nghttp2_session_mem_recv(
      h2_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0)
    return !given_up_;
  const bool flood = taken == NGHTTP2_ERR_FLOODED || taken == NGHTTP2_ERR_CALLBACK_FAILURE;
  report(flood ? refusal::abuse : refusal::malformed,
         taken == NGHTTP2_ERR_CALLBACK_FAILURE ? "headers without end"
                                               : nghttp2_strerror(static_cast<int>(taken)));
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
  if (given_up_ || (streams_.empty() && leaving_ == leaving::said)
      || (input_over_ && waits_for_nobody()))
    return true;
  return !nghttp2_session_want_read(h2_) && !nghttp2_session_want_write(h2_);
}

// @pre the client will send nothing more, and what can be sent is: no window opens any more, no
// body is completed.
bool h2_session::waits_for_nobody() const {
  using phase = h2_stream::phase;
  return std::none_of(streams_.begin(), streams_.end(), [](const auto& each) {
    const auto reached = each.second.state;
    return reached == phase::asking || reached == phase::in_flight || reached == phase::refused;
  });
}

// Streams that a client makes us reset cost us and bring nothing, as those it resets itself.
void h2_session::on_own_reset() {
  if (!given_up_ && !resets_.spend(now_))
    give_up(NGHTTP2_ENHANCE_YOUR_CALM, "too many streams that had to be reset");
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
  report(refusal::abuse, why);
  given_up_ = true;
  nghttp2_submit_goaway(h2_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(h2_), code,
                        reinterpret_cast<const std::uint8_t*>(why.data()), why.size());
}

void h2_session::report(refusal reason, std::string_view why) {
  listener_->count(reason);
  listener_->log_refusal(reason, owner_.client_address(), why);
}

std::unique_ptr<session> make_h2_server(session_owner& owner,
                                        std::shared_ptr<const listener_context> listener) {
  return std::make_unique<h2_session>(owner, std::move(listener));
}

} // namespace weir::net
