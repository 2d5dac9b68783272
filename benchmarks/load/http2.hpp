#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <nghttp2/nghttp2.h>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::load {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

using header_list = std::vector<std::pair<std::string, std::string>>;

/// One HTTP/2 connection over plain TCP, either side. Everything runs on the thread of the
/// io_context. Derived classes hear what arrives; what they submit leaves at the next flush().
class http2_connection : public std::enable_shared_from_this<http2_connection> {
public:
  enum class side : std::uint8_t { client, server };

  http2_connection(side role, tcp::socket socket);
  virtual ~http2_connection();
  http2_connection(const http2_connection&) = delete;
  http2_connection& operator=(const http2_connection&) = delete;

  /// Begins to read and write.
  void start();

  /// Writes what is waiting, unless a write is under way (it goes on by itself then).
  void flush();

  void close();
  bool open() const noexcept { return open_; }

protected:
  /// A request with a whole body; the stream's number, or a negative nghttp2 error. The body must
  /// stay where it is until on_stream_closed().
  std::int32_t submit_request(const header_list& headers, std::string_view body);

  /// An answer of headers, a body and trailers (those may be empty).
  void submit_response(std::int32_t stream, const header_list& headers, std::string_view body,
                       const header_list& trailers);

  void reset(std::int32_t stream);

  /// Resets a stream whose answer is complete while its request is still on the way out.
  void reset_unsent(std::int32_t stream);

  virtual void on_header(std::int32_t stream, std::string_view name, std::string_view value) = 0;
  virtual void on_data(std::int32_t stream, std::string_view bytes) = 0;
  virtual void on_message_end(std::int32_t stream) = 0;
  virtual void on_stream_closed(std::int32_t stream) = 0;
  virtual void on_goaway() {}
  virtual void on_closed() = 0;

private:
  struct outgoing_body;
  struct callbacks;

  void read();
  void submit_settings(side role);
  void fill();

  tcp::socket socket_;
  nghttp2_session* session_ = nullptr;
  std::unordered_map<std::int32_t, std::unique_ptr<outgoing_body>> bodies_;
  std::vector<char> in_;
  std::string out_;
  bool writing_ = false;
  bool open_ = true;
};

} // namespace weir::load
