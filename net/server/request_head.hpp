#pragma once

#include "net/server/server_context.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::net {

/// What the head of a request says, as far as OTLP cares. Filled header by header.
struct request_head {
  enum class verb : std::uint8_t { other, post, options, head };
  enum class media : std::uint8_t { missing, other, protobuf, json, grpc };

  verb method = verb::other;
  media content = media::missing;
  std::optional<weir::signal> signal; ///< Of the path; nothing: an unknown path.
  std::string encoding;               ///< Of the body (HTTP) or of the messages (gRPC), lower-case.
  std::optional<std::uint64_t> content_length;
  std::optional<std::chrono::nanoseconds> timeout; ///< grpc-timeout
  bool bad_timeout = false;
  std::string origin, wanted_method, wanted_headers; ///< CORS
  std::vector<std::string> credentials; ///< Values of the header that the authenticator looks at.
  std::vector<std::pair<std::string, std::string>> metadata; ///< What the listener keeps.
  std::size_t kept_bytes = 0; ///< Of the client's text in all of these.
  /// The authenticator has yet to say whether the client may come in.
  bool unknown_client = false;
  /// It is refused for this, and read all the same, to count what is in it.
  std::optional<refusal> turned_away;

  void set_method(std::string_view method);
  void set_path(const listener_context& listener, std::string_view path);
  /// @pre `name` is lower-case
  void add(const listener_context& listener, std::string_view name, std::string_view value);
};

} // namespace weir::net
