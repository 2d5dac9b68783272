#pragma once

#include "core/bytes.hpp"
#include "core/error.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::net {

/// Bytes on their way to a socket: small pieces copied together, and slices of request bodies that
/// are only pointed at. What is pointed at is kept alive until clear().
class h2_output {
public:
  void copy(std::string_view bytes);
  void point_at(const shared_bytes& owner, std::string_view bytes);

  /// Calls `add(std::string_view)` for each piece in order. The views live until the next change.
  template <class Add>
  void each(Add&& add) const {
    for (const auto& p : pieces_)
      add(p.data == nullptr ? std::string_view(small_).substr(p.offset, p.size)
                            : std::string_view(p.data, p.size));
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  void clear(); ///< Keeps its capacity.

private:
  struct piece {
    const char* data; ///< Null: `size` bytes of small_ at `offset`.
    std::size_t offset, size;
  };
  std::string small_;
  std::vector<piece> pieces_;
  std::vector<shared_bytes> owners_;
  std::size_t size_ = 0;
};

/// A POST: its body is `prefix` followed by `body`.
struct h2_request {
  std::string path;
  std::vector<std::pair<std::string, std::string>>
      headers; ///< Lower-case names, without pseudo headers.
  std::string prefix;
  shared_bytes body;
};

/// How a stream ended.
struct h2_response {
  int status = 0;                                           ///< :status, 0 where no headers came.
  std::vector<std::pair<std::string, std::string>> headers; ///< Headers and trailers, as they came.
  std::string body;
  bool body_too_large = false;  ///< Reading was given up at the limit.
  std::uint32_t reset_code = 0; ///< Error code of RST_STREAM where the stream ended by it; else 0.
  /// The server has certainly not looked at it (above GOAWAY's last stream, REFUSED_STREAM).
  bool unprocessed = false;

  std::string_view header(std::string_view name) const noexcept;
};

/// The client's side of one HTTP/2 connection without its socket: bytes in, bytes out. One thread.
/// Source: RFC 9113; nghttp2 does the work.
class h2_client_session {
public:
  struct options {
    std::string scheme = "http";
    std::string authority;
    std::size_t max_response_bytes = 4 << 20;
  };
  using stream_id = std::int32_t;
  using on_close = std::function<void(h2_response&&)>;

  explicit h2_client_session(options o);
  ~h2_client_session();
  h2_client_session(const h2_client_session&) = delete;

  /// Opens a stream. `done` is called once from within feed() or gather(), or never when the
  /// session is destroyed first. 0: no stream can be opened any more.
  stream_id submit(h2_request request, on_close done);

  /// Gives a stream up (RST_STREAM CANCEL); its `done` is not called.
  void cancel(stream_id id);

  void ping();

  /// Takes bytes from the peer. An error ends the connection.
  result<void> feed(std::string_view bytes);

  /// Moves what is to be sent into `out`, about `limit` bytes.
  result<void> gather(h2_output& out, std::size_t limit);

  std::size_t open_streams() const noexcept;
  /// How many streams the peer lets us have at once.
  std::size_t max_streams() const noexcept;
  /// False after GOAWAY or when stream ids ran out: open a new connection for new requests.
  bool accepts_requests() const noexcept;
  /// True when nothing can come or go any more: after an error of the peer's, or after GOAWAY when
  /// all streams have ended.
  bool finished() const noexcept;
  /// GOAWAY's debug data, for people.
  const std::string& goaway_text() const noexcept;
  bool pings_too_often() const noexcept; ///< GOAWAY ENHANCE_YOUR_CALM "too_many_pings" came.

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace weir::net
