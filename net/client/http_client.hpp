#pragma once

#include "codec/encoding.hpp"
#include "core/bytes.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "net/client/client_auth.hpp"
#include "net/config.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::net {

struct http_client_config {
  tls_client_config tls = {};
  codec::encoding compression = codec::encoding::identity;
  int compression_level = 0;    ///< 0: the encoding's default.
  milliseconds timeout{30'000}; ///< Of a request, connecting included.
  /// "": as the environment says (proxies.hpp), and never for this machine itself.
  std::string proxy_url = {};
  /// So long a resolved name is believed and a connection taken for new requests (to a second); 0:
  /// names are asked for each new connection, and connections stay as long as they work.
  milliseconds resolve_interval{30'000};
  std::size_t max_response_bytes = 64 << 10; ///< What is over it is not read.
  client_auth_config auth = {};
};

struct http_request {
  std::string url = {};
  /// Of the body and this program: they go wherever the request goes.
  header_list headers = {};
  /// Of the user: they, and the authenticator's, go to the URL's host alone. They take the place of
  /// the others where the name is the same.
  header_list own_headers = {};
  shared_bytes body = {};
  header_list carried = {}; ///< For the authenticator.
};

struct http_response {
  int status = 0; ///< 0: there was no answer; `error` says why.
  std::string error = {};
  std::string content_type = {};
  std::string body = {}; ///< As much as the limit allows.
  std::optional<milliseconds> retry_after = {};
  std::size_t sent_bytes = 0; ///< The body as it went out (packed).
};

/// Posts over libcurl, any number at a time: connections are kept, HTTP/2 where TLS agrees on it.
/// Of a name's addresses each connection takes a random one that works.
///
/// 307 and 308 with a Location lead the same POST there, up to ten times within its time, as Go's
/// client does: never from https to http, and to a host that is neither the first one nor below it
/// without the user's headers. What is not followed is answered as it came, with the reason as its
/// text.
/// One thread for the network, and a few that pack bodies where compression is on.
class http_client {
public:
  /// errc::io or errc::invalid_argument: a TLS file that cannot be read, a setting that cannot
  /// work.
  static result<std::unique_ptr<http_client>> start(http_client_config config);

  ~http_client(); ///< stop()

  using on_response = std::function<void(http_response)>;

  /// Posts. Any thread; does not block. `done` is called once, on a thread of the client.
  void post(http_request request, on_response done);

  /// Ends everything under way with an error; returns when no callback runs any more.
  void stop();

private:
  http_client();
  struct impl;
  std::shared_ptr<impl> impl_;
};

/// Reads a Retry-After header: seconds or an HTTP date. Nothing where it is neither; dates that are
/// past are 0, and nothing is longer than a day.
std::optional<milliseconds> parse_retry_after(std::string_view text, unix_ns now);

} // namespace weir::net
