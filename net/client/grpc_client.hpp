#pragma once

#include "codec/encoding.hpp"
#include "core/bytes.hpp"
#include "core/error.hpp"
#include "net/client/client_auth.hpp"
#include "net/client/grpc_client_status.hpp"
#include "net/config.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace prometheus {
class Gauge;
}

namespace weir::net {

class name_resolver;

/// Which of a name's addresses get calls.
enum class balancer : std::uint8_t {
  round_robin, ///< All of them, in turn.
  pick_first,  ///< One, the first that takes a connection; another when that fails.
};

struct grpc_client_config {
  /// host:port, with http:// (plain text), https:// (TLS) or dns:/// in front.
  std::string endpoint = {};
  std::vector<std::string> more_endpoints = {}; ///< Used as if one name led to all of them.
  net::balancer balancer = net::balancer::round_robin;
  /// Names are resolved again after this long, while there are calls; 0: only when a connection
  /// fails or breaks (then in any case, at most once a second).
  milliseconds resolve_interval{30'000};
  tls_client_config tls = {};
  codec::encoding compression = codec::encoding::identity;
  std::map<std::string, std::string> headers = {}; ///< Sent with every call.
  milliseconds timeout{5000}; ///< Of a call, from call() on; tells the server, too. 0: none.
  std::string authority = {}; ///< Default: the endpoint.
  std::string user_agent = {};
  milliseconds keepalive_time{0};         ///< A PING after so long without a word; 0: none.
  milliseconds keepalive_timeout{10'000}; ///< 0: 20 s, as grpc-go has it.
  bool keepalive_permit_without_stream = false;
  std::size_t max_response_bytes = 4 << 20;
  milliseconds reconnect_max{2000}; ///< Longest pause between two attempts to connect.
  client_auth_config auth = {};
  std::shared_ptr<name_resolver> resolver = {}; ///< Null: the system's.
  prometheus::Gauge* connections = nullptr;     ///< Shows the connections for new calls.
};

/// Unary gRPC calls to one name, any number at a time, on a network thread of its own (and a few
/// more that pack messages, where compression is on). One HTTP/2 connection to each address of the
/// name (the first 64), made when there is something to send; calls go to the connection with the
/// fewest in flight, in turn where these are equal. An address that takes no connection is tried
/// again with growing pauses, and one that answers UNAVAILABLE is left out for as long, if there is
/// another. Addresses that a name does not lead to any more finish what they have. Request bodies
/// are written from where they lie.
class grpc_client {
public:
  /// errc::invalid_argument: an endpoint, TLS or auth setting that cannot work. Does not connect
  /// yet.
  static result<std::unique_ptr<grpc_client>> start(grpc_client_config config);

  ~grpc_client(); ///< stop()

  using on_reply = std::function<void(grpc_reply)>;

  /// Calls `path` ("/package.Service/Method"); `carried` is for the authenticator. Any thread; does
  /// not block. `done` is called once, on a thread of the client, within `timeout`: UNAVAILABLE
  /// with the reason where no connection could be had, DEADLINE_EXCEEDED where the server did not
  /// answer in time.
  void call(std::string path, shared_bytes message, on_reply done, header_list carried = {});

  /// Ends all calls with UNAVAILABLE and the connection; returns when no callback runs any more.
  /// Not to be called from a callback.
  void stop();

private:
  grpc_client();
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace weir::net
