#pragma once

#include "net/server/grpc_protocol.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>
#include <map>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <string>
#include <vector>

namespace weir::net::tests {

/// A TCP connection that blocks, with a limit on every wait: for bytes no library would send.
class raw_connection {
public:
  explicit raw_connection(std::uint16_t port) {
    socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  }

  /// False: the peer is gone.
  bool send(std::string_view bytes) {
    boost::system::error_code ec;
    boost::asio::write(socket_, boost::asio::buffer(bytes), ec);
    return !ec;
  }

  void end_of_output() { socket_.shutdown(boost::asio::socket_base::shutdown_send); }

  /// What comes next, at least a byte; "" at the end, or when nothing came in time.
  std::string receive(int wait_ms = 10'000) {
    pollfd ready{socket_.native_handle(), POLLIN, 0};
    if (::poll(&ready, 1, wait_ms) <= 0)
      return {};
    std::string buffer(65'536, '\0');
    boost::system::error_code ec;
    buffer.resize(socket_.read_some(boost::asio::buffer(buffer), ec));
    closed_ = closed_ || ec;
    return buffer;
  }

  /// Everything until the peer closes (or `wait_ms` pass without a byte).
  std::string receive_all(int wait_ms = 10'000) {
    std::string all;
    for (auto piece = receive(wait_ms); !piece.empty(); piece = receive(wait_ms))
      all += piece;
    return all;
  }

  /// Reads until `text` has come. False: closed or late; `all` has what came.
  bool receive_until(std::string_view text, std::string& all) {
    while (all.find(text) == std::string::npos) {
      const auto piece = receive();
      if (piece.empty())
        return false;
      all += piece;
    }
    return true;
  }

  bool closed() const { return closed_; }

private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_{io_};
  bool closed_ = false;
};

/// An HTTP/2 client by nghttp2, on one thread, that can also misbehave.
class h2_test_client {
public:
  using headers = std::vector<std::pair<std::string, std::string>>;
  struct stream_result {
    std::map<std::string, std::string> headers; ///< Trailers too.
    std::string body;
    std::uint32_t reset = 0;
    bool closed = false;
  };

  explicit h2_test_client(std::uint16_t port, bool greet = true) : connection(port) {
    nghttp2_session_callbacks* callbacks = nullptr;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_option* options = nullptr;
    nghttp2_option_new(&options);
    nghttp2_option_set_max_send_header_block_length(options, 1 << 20);
    nghttp2_session_client_new2(&h2, callbacks, this, options);
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    if (!greet)
      return;
    nghttp2_submit_settings(h2, NGHTTP2_FLAG_NONE, nullptr, 0);
    flush();
    // send_data() minds no windows, so the server's must be open before.
    while (!greeted_ && pump())
      ;
  }
  ~h2_test_client() { nghttp2_session_del(h2); }

  /// Opens a POST; its body is what send_data() adds, until end.
  std::int32_t open(const std::string& path, headers more = {},
                    const std::string& method = "POST") {
    more.insert(
        more.begin(),
        {{":method", method}, {":scheme", "http"}, {":path", path}, {":authority", "test"}});
    std::vector<nghttp2_nv> nva;
    for (auto& [name, value] : more)
      nva.push_back({reinterpret_cast<std::uint8_t*>(name.data()),
                     reinterpret_cast<std::uint8_t*>(value.data()), name.size(), value.size(), 0});
    const auto id =
        nghttp2_submit_headers(h2, NGHTTP2_FLAG_NONE, -1, nullptr, nva.data(), nva.size(), nullptr);
    BOOST_REQUIRE(id > 0);
    flush();
    return id;
  }

  std::int32_t open_grpc(headers more = {},
                         const std::string& path = std::string(grpc_export_path(signal::traces))) {
    more.insert(more.begin(), {{"content-type", "application/grpc"}, {"te", "trailers"}});
    return open(path, std::move(more));
  }

  /// Sends DATA now, whatever windows say.
  bool send_data(std::int32_t id, std::string_view bytes, bool end) {
    flush();
    std::string frames;
    do {
      const auto size = std::min<std::size_t>(bytes.size(), 16'384);
      frames += frame(NGHTTP2_DATA, end && size == bytes.size() ? NGHTTP2_FLAG_END_STREAM : 0, id,
                      bytes.substr(0, size));
      bytes.remove_prefix(size);
    } while (!bytes.empty());
    return connection.send(frames);
  }

  static std::string grpc_message(std::string_view body, char flag = 0) {
    const auto n = body.size();
    std::string message{flag, static_cast<char>(n >> 24), static_cast<char>(n >> 16),
                        static_cast<char>(n >> 8), static_cast<char>(n)};
    return message.append(body);
  }

  static std::string frame(std::uint8_t type, std::uint8_t flags, std::int32_t id,
                           std::string_view payload) {
    const auto n = payload.size();
    std::string out{
        static_cast<char>(n >> 16),  static_cast<char>(n >> 8),  static_cast<char>(n),
        static_cast<char>(type),     static_cast<char>(flags),   static_cast<char>(id >> 24),
        static_cast<char>(id >> 16), static_cast<char>(id >> 8), static_cast<char>(id)};
    return out.append(payload);
  }

  void flush() {
    const std::uint8_t* data = nullptr;
    for (ssize_t n; (n = nghttp2_session_mem_send(h2, &data)) > 0;)
      connection.send({reinterpret_cast<const char*>(data), static_cast<std::size_t>(n)});
  }

  /// Reads once. False: the server closed, or nothing came in time.
  bool pump(int wait_ms = 10'000) {
    const auto bytes = connection.receive(wait_ms);
    if (bytes.empty())
      return false;
    nghttp2_session_mem_recv(h2, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    flush();
    return true;
  }

  /// Reads until the stream is closed. It may not come: then `closed` is false.
  stream_result& wait(std::int32_t id) {
    while (!results[id].closed && pump())
      ;
    return results[id];
  }

  /// A whole gRPC call.
  stream_result& call(std::string_view body, headers more = {}) {
    const auto id = open_grpc(std::move(more));
    send_data(id, grpc_message(body), true);
    return wait(id);
  }

  raw_connection connection;
  nghttp2_session* h2 = nullptr;
  std::map<std::int32_t, stream_result> results;
  std::vector<std::pair<std::uint32_t, std::string>> goaways; ///< Code, debug data.
  int pings = 0;                                              ///< That the server sent on its own.

private:
  bool greeted_ = false;

  static h2_test_client& self(void* user) { return *static_cast<h2_test_client*>(user); }

  static int on_header(nghttp2_session*, const nghttp2_frame* f, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    self(user).results[f->hd.stream_id].headers[std::string(name, name + name_size)] =
        std::string(value, value + value_size);
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    self(user).results[id].body.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    self(user).results[id].closed = true;
    self(user).results[id].reset = code;
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* f, void* user) {
    if (f->hd.type == NGHTTP2_SETTINGS)
      self(user).greeted_ = true;
    if (f->hd.type == NGHTTP2_GOAWAY)
      self(user).goaways.emplace_back(
          f->goaway.error_code, std::string(reinterpret_cast<const char*>(f->goaway.opaque_data),
                                            f->goaway.opaque_data_len));
    if (f->hd.type == NGHTTP2_PING && !(f->hd.flags & NGHTTP2_FLAG_ACK))
      ++self(user).pings;
    // A client that has sent all of its data reads the server's END_STREAM as the end.
    if ((f->hd.flags & NGHTTP2_FLAG_END_STREAM)
        && (f->hd.type == NGHTTP2_HEADERS || f->hd.type == NGHTTP2_DATA))
      self(user).results[f->hd.stream_id].closed = true;
    return 0;
  }
};

} // namespace weir::net::tests
