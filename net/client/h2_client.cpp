#include "net/client/h2_client.hpp"

#include <algorithm>
#include <deque>
#include <nghttp2/nghttp2.h>
#include <unordered_map>

namespace weir::net {

namespace {

// Responses are small; requests before the peer's SETTINGS arrive stay below this many.
constexpr std::uint32_t streams_before_settings = 100;
constexpr std::size_t max_response_headers = 128;

} // namespace

void h2_output::copy(std::string_view bytes) {
  if (bytes.empty())
    return;
  if (!pieces_.empty() && pieces_.back().data == nullptr)
    pieces_.back().size += bytes.size();
  else
    pieces_.push_back({nullptr, small_.size(), bytes.size()});
  small_ += bytes;
  size_ += bytes.size();
}

void h2_output::point_at(const shared_bytes& owner, std::string_view bytes) {
  if (bytes.empty())
    return;
  if (owners_.empty() || owners_.back().view().data() != owner.view().data())
    owners_.push_back(owner);
  pieces_.push_back({bytes.data(), 0, bytes.size()});
  size_ += bytes.size();
}

void h2_output::clear() {
  small_.clear();
  pieces_.clear();
  owners_.clear();
  size_ = 0;
}

std::string_view h2_response::header(std::string_view name) const noexcept {
  // Trailers come last and win.
  const auto it = std::find_if(headers.rbegin(), headers.rend(),
                               [&](const auto& h) { return h.first == name; });
  return it == headers.rend() ? std::string_view() : std::string_view(it->second);
}

struct h2_client_session::impl {
  struct stream {
    h2_request request;
    on_close done;
    std::size_t sent = 0;
    bool sending = false; ///< Its body has begun to be sent.
    h2_response response;

    std::size_t total() const noexcept { return request.prefix.size() + request.body.size(); }
  };

  h2_client_session::options options;
  nghttp2_session* session = nullptr;
  std::unordered_map<stream_id, std::unique_ptr<stream>> streams;
  h2_output* out = nullptr; ///< Set while gather() runs.
  /// Streams whose bodies wait. One body is sent after the other, so that the first is complete
  /// early and the server need not hold parts of all; another begins only when those that did
  /// cannot go on (sent, or their windows are closed).
  std::deque<stream_id> unsent;
  bool goaway = false;
  bool too_many_pings = false;
  std::string goaway_text;

  stream* find(stream_id id) {
    return static_cast<stream*>(nghttp2_session_get_stream_user_data(session, id));
  }

  static ssize_t on_read(nghttp2_session*, std::int32_t, std::uint8_t*, std::size_t length,
                         std::uint32_t* flags, nghttp2_data_source* source, void*) {
    const auto& s = *static_cast<stream*>(source->ptr);
    if (!s.sending)
      return NGHTTP2_ERR_DEFERRED;
    const auto left = s.total() - s.sent;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (left <= length)
      *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(std::min(left, length));
  }

  static int on_send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head,
                          std::size_t length, nghttp2_data_source* source, void* self) {
    auto& out = *static_cast<impl*>(self)->out;
    auto& s = *static_cast<stream*>(source->ptr);
    out.copy({reinterpret_cast<const char*>(head), 9});
    const auto& prefix = s.request.prefix;
    if (s.sent < prefix.size()) {
      const auto part = std::min(length, prefix.size() - s.sent);
      out.copy(std::string_view(prefix).substr(s.sent, part));
      s.sent += part;
      length -= part;
    }
    out.point_at(s.request.body, s.request.body.view().substr(s.sent - prefix.size(), length));
    s.sent += length;
    return 0;
  }

  static ssize_t on_frame_length(nghttp2_session*, std::uint8_t, std::int32_t,
                                 std::int32_t session_window, std::int32_t stream_window,
                                 std::uint32_t max_frame, void*) {
    return std::min({static_cast<std::int64_t>(session_window),
                     static_cast<std::int64_t>(stream_window),
                     static_cast<std::int64_t>(max_frame)});
  }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* self) {
    auto* s = static_cast<impl*>(self)->find(frame->hd.stream_id);
    if (s == nullptr || s->response.headers.size() >= max_response_headers)
      return 0;
    std::string key(reinterpret_cast<const char*>(name), name_size);
    std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key == ":status")
      s->response.status = std::atoi(text.c_str());
    else
      s->response.headers.emplace_back(std::move(key), std::move(text));
    return 0;
  }

  static int on_data(nghttp2_session* session, std::uint8_t, std::int32_t id,
                     const std::uint8_t* data, std::size_t size, void* self) {
    auto& me = *static_cast<impl*>(self);
    auto* s = me.find(id);
    if (s == nullptr || s->response.body_too_large)
      return 0;
    auto& body = s->response.body;
    if (body.size() + size > me.options.max_response_bytes) {
      s->response.body_too_large = true;
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
      return 0;
    }
    body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int on_stream_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* self) {
    auto& me = *static_cast<impl*>(self);
    auto node = me.streams.extract(id);
    if (node.empty())
      return 0;
    auto owned = std::move(node.mapped());
    owned->response.reset_code = code;
    owned->response.unprocessed = code == NGHTTP2_REFUSED_STREAM;
    owned->done(std::move(owned->response));
    return 0;
  }

  // A request that nghttp2 could not even begin: GOAWAY came before its headers left.
  static int on_not_sent(nghttp2_session*, const nghttp2_frame* frame, int, void* self) {
    if (frame->hd.type != NGHTTP2_HEADERS)
      return 0;
    auto node = static_cast<impl*>(self)->streams.extract(frame->hd.stream_id);
    if (node.empty())
      return 0;
    node.mapped()->response.unprocessed = true;
    node.mapped()->done(std::move(node.mapped()->response));
    return 0;
  }

  static int on_frame(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
    auto& me = *static_cast<impl*>(self);
    if (frame->hd.type == NGHTTP2_GOAWAY) {
      me.goaway = true;
      me.goaway_text.assign(reinterpret_cast<const char*>(frame->goaway.opaque_data),
                            std::min<std::size_t>(frame->goaway.opaque_data_len, 256));
      me.too_many_pings = frame->goaway.error_code == NGHTTP2_ENHANCE_YOUR_CALM
                          && me.goaway_text == "too_many_pings";
      return 0;
    }
    // An answer before the whole request was taken: what is left need not be sent.
    const bool answered = (frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA)
                          && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (auto* s = answered ? me.find(frame->hd.stream_id) : nullptr; s && s->sent < s->total())
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
  }

  /// Lets the next body begin. False: none waits.
  bool begin_next_body() {
    while (!unsent.empty()) {
      const auto id = unsent.front();
      unsent.pop_front();
      if (const auto it = streams.find(id); it != streams.end()) {
        it->second->sending = true;
        nghttp2_session_resume_data(session, id); // Or it has not begun: then it does by itself.
        return true;
      }
    }
    return false;
  }

  explicit impl(h2_client_session::options o) : options(std::move(o)) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks, on_frame_length);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_frame_not_send_callback(callbacks, on_not_sent);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_peer_max_concurrent_streams(option, streams_before_settings);
    nghttp2_session_client_new2(&session, callbacks, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    const nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    nghttp2_submit_settings(session, NGHTTP2_FLAG_NONE, settings, 1);
  }

  ~impl() {
    streams.clear();
    nghttp2_session_del(session);
  }
};

h2_client_session::h2_client_session(options o) : impl_(std::make_unique<impl>(std::move(o))) {}

h2_client_session::~h2_client_session() = default;

h2_client_session::stream_id h2_client_session::submit(h2_request request, on_close done) {
  if (!accepts_requests())
    return 0;
  auto owned = std::make_unique<impl::stream>();
  owned->request = std::move(request);
  owned->done = std::move(done);
  const auto& r = owned->request;
  std::vector<nghttp2_nv> fields;
  fields.reserve(r.headers.size() + 4);
  const auto add = [&](std::string_view name, std::string_view value) {
    fields.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE});
  };
  add(":method", "POST");
  add(":scheme", impl_->options.scheme);
  add(":path", r.path);
  add(":authority", impl_->options.authority);
  for (const auto& [name, value] : r.headers)
    add(name, value);
  nghttp2_data_provider provider{};
  provider.source.ptr = owned.get();
  provider.read_callback = impl::on_read;
  const auto id = nghttp2_submit_request(impl_->session, nullptr, fields.data(), fields.size(),
                                         &provider, owned.get());
  if (id <= 0)
    return 0;
  impl_->streams.emplace(id, std::move(owned));
  impl_->unsent.push_back(id);
  return id;
}

void h2_client_session::cancel(stream_id id) {
  const auto it = impl_->streams.find(id);
  if (it == impl_->streams.end())
    return;
  // The stream's memory has to outlive nghttp2's interest in it: it goes when the stream closes.
  it->second->done = [](h2_response&&) {};
  nghttp2_submit_rst_stream(impl_->session, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
}

void h2_client_session::ping() {
  nghttp2_submit_ping(impl_->session, NGHTTP2_FLAG_NONE, nullptr);
}

result<void> h2_client_session::feed(std::string_view bytes) {
  const auto taken = nghttp2_session_mem_recv(
      impl_->session, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken < 0)
    return fail(errc::unavailable,
                std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(taken)));
  return {};
}

result<void> h2_client_session::gather(h2_output& out, std::size_t limit) {
  impl_->out = &out;
  while (out.size() < limit) {
    const auto before = out.size();
    const std::uint8_t* data = nullptr;
    const auto size = nghttp2_session_mem_send(impl_->session, &data);
    if (size < 0)
      return fail(errc::unavailable,
                  std::string("HTTP/2: ") + nghttp2_strerror(static_cast<int>(size)));
    out.copy({reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)});
    if (out.size() == before && !impl_->begin_next_body())
      break;
  }
  impl_->out = nullptr;
  return {};
}

std::size_t h2_client_session::open_streams() const noexcept {
  return impl_->streams.size();
}

std::size_t h2_client_session::max_streams() const noexcept {
  return nghttp2_session_get_remote_settings(impl_->session,
                                             NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool h2_client_session::accepts_requests() const noexcept {
  return !impl_->goaway && nghttp2_session_check_request_allowed(impl_->session) != 0;
}

bool h2_client_session::finished() const noexcept {
  return nghttp2_session_want_read(impl_->session) == 0
         && nghttp2_session_want_write(impl_->session) == 0;
}

const std::string& h2_client_session::goaway_text() const noexcept {
  return impl_->goaway_text;
}

bool h2_client_session::pings_too_often() const noexcept {
  return impl_->too_many_pings;
}

} // namespace weir::net
