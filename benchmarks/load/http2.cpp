#include "benchmarks/load/http2.hpp"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <cstring>

namespace weir::load {

namespace {

constexpr std::size_t read_bytes = 256 << 10;
constexpr std::size_t write_bytes = 512 << 10; // gathered before one write
constexpr std::uint32_t stream_window = 8 << 20;
constexpr std::int32_t connection_window = 64 << 20;
constexpr std::uint32_t frame_bytes = 256 << 10;

std::vector<nghttp2_nv> name_values(const header_list& headers) {
  std::vector<nghttp2_nv> result;
  for (const auto& [name, value] : headers)
    result.push_back({reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE});
  return result;
}

} // namespace

/// A body on its way out.
struct http2_connection::outgoing_body {
  std::string owned; ///< Of answers; requests lie with their sender.
  std::string_view rest;
  header_list trailers;
};

struct http2_connection::callbacks {
  static http2_connection& self(void* user) { return *static_cast<http2_connection*>(user); }

  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    self(user).on_header(frame->hd.stream_id, {reinterpret_cast<const char*>(name), name_size},
                         {reinterpret_cast<const char*>(value), value_size});
    return 0;
  }

  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                     std::size_t size, void* user) {
    self(user).on_data(stream, {reinterpret_cast<const char*>(data), size});
    return 0;
  }

  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const auto carries = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (carries && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      self(user).on_message_end(frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_GOAWAY)
      self(user).on_goaway();
    return 0;
  }

  static int on_stream_close(nghttp2_session*, std::int32_t stream, std::uint32_t, void* user) {
    self(user).bodies_.erase(stream);
    self(user).on_stream_closed(stream);
    return 0;
  }

  static ssize_t read_length(nghttp2_session*, std::uint8_t, std::int32_t,
                             std::int32_t session_window, std::int32_t stream_window,
                             std::uint32_t remote_frame, void*) {
    return std::min({session_window, stream_window, static_cast<std::int32_t>(remote_frame)});
  }

  static ssize_t read_body(nghttp2_session* session, std::int32_t stream, std::uint8_t* out,
                           std::size_t size, std::uint32_t* flags, nghttp2_data_source* source,
                           void*) {
    auto& body = *static_cast<outgoing_body*>(source->ptr);
    const auto count = std::min(size, body.rest.size());
    std::memcpy(out, body.rest.data(), count);
    body.rest.remove_prefix(count);
    if (!body.rest.empty())
      return static_cast<ssize_t>(count);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!body.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const auto trailers = name_values(body.trailers);
      nghttp2_submit_trailer(session, stream, trailers.data(), trailers.size());
    }
    return static_cast<ssize_t>(count);
  }
};

http2_connection::http2_connection(side role, tcp::socket socket)
    : socket_(std::move(socket)), in_(read_bytes) {
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  nghttp2_session_callbacks* table = nullptr;
  nghttp2_session_callbacks_new(&table);
  nghttp2_session_callbacks_set_on_header_callback(table, &callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(table, &callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(table, &callbacks::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(table, &callbacks::on_stream_close);
  nghttp2_session_callbacks_set_data_source_read_length_callback(table, &callbacks::read_length);
  if (role == side::client)
    nghttp2_session_client_new(&session_, table, this);
  else
    nghttp2_session_server_new(&session_, table, this);
  nghttp2_session_callbacks_del(table);
  submit_settings(role);
}

http2_connection::~http2_connection() {
  nghttp2_session_del(session_);
}

void http2_connection::submit_settings(side role) {
  const nghttp2_settings_entry settings[] = {
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, stream_window},
      {NGHTTP2_SETTINGS_MAX_FRAME_SIZE, frame_bytes},
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1000},
      {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
  };
  const auto count = role == side::client ? 4U : 3U;
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, settings, count);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0, connection_window);
}

void http2_connection::start() {
  flush();
  read();
}

void http2_connection::read() {
  socket_.async_read_some(asio::buffer(in_), [self = shared_from_this()](auto failed, auto size) {
    if (failed || !self->open_)
      return self->close();
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(self->in_.data());
    if (nghttp2_session_mem_recv(self->session_, bytes, size) < 0)
      return self->close();
    self->flush();
    if (self->open_)
      self->read();
  });
}

void http2_connection::fill() {
  const std::uint8_t* bytes = nullptr;
  while (out_.size() < write_bytes) {
    const auto size = nghttp2_session_mem_send(session_, &bytes);
    if (size <= 0)
      return;
    out_.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
}

void http2_connection::flush() {
  if (writing_ || !open_)
    return;
  out_.clear();
  fill();
  if (out_.empty()) {
    if (nghttp2_session_want_read(session_) == 0)
      close();
    return;
  }
  writing_ = true;
  asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](auto failed, auto) {
    self->writing_ = false;
    if (failed)
      return self->close();
    self->flush();
  });
}

void http2_connection::close() {
  if (!open_)
    return;
  open_ = false;
  boost::system::error_code ignored;
  socket_.close(ignored);
  on_closed();
}

std::int32_t http2_connection::submit_request(const header_list& headers, std::string_view body) {
  const auto list = name_values(headers);
  auto source = std::make_unique<outgoing_body>();
  source->rest = body;
  nghttp2_data_provider provider{{}, &callbacks::read_body};
  provider.source.ptr = source.get();
  const auto stream =
      nghttp2_submit_request(session_, nullptr, list.data(), list.size(), &provider, nullptr);
  if (stream > 0)
    bodies_[stream] = std::move(source);
  return stream;
}

void http2_connection::submit_response(std::int32_t stream, const header_list& headers,
                                       std::string_view body, const header_list& trailers) {
  const auto list = name_values(headers);
  auto source = std::make_unique<outgoing_body>();
  source->owned = body;
  source->rest = source->owned;
  source->trailers = trailers;
  nghttp2_data_provider provider{{}, &callbacks::read_body};
  provider.source.ptr = source.get();
  if (nghttp2_submit_response(session_, stream, list.data(), list.size(), &provider) == 0)
    bodies_[stream] = std::move(source);
}

void http2_connection::reset(std::int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
}

void http2_connection::reset_unsent(std::int32_t stream) {
  if (nghttp2_session_get_stream_local_close(session_, stream) == 0)
    reset(stream);
}

} // namespace weir::load
