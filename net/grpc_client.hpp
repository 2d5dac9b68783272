#pragma once

#include "codec/encoding.hpp"
#include "core/bytes.hpp"
#include "core/error.hpp"
#include "net/config.hpp"
#include "net/grpc_client_status.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace weir::net {

struct grpc_client_config {
  /// host:port, with http:// (plain text), https:// (TLS) or dns:/// in front.
  std::string endpoint = {};
  tls_client_config tls = {};
  codec::encoding compression = codec::encoding::identity;
  std::map<std::string, std::string> headers = {}; ///< Sent with every call.
  milliseconds timeout{5000}; ///< Of a call, from call() on; tells the server, too.
  std::string authority = {}; ///< Default: the endpoint.
  std::string user_agent = {};
  milliseconds keepalive_time{0}; ///< A PING after so long without a word; 0: none.
  milliseconds keepalive_timeout{10'000};
  bool keepalive_permit_without_stream = false;
  std::size_t max_response_bytes = 4 << 20;
  milliseconds reconnect_max{2000}; ///< Longest pause between two attempts to connect.
  client_auth_config auth = {};
};

/// Unary gRPC calls to one server, any number at a time over one HTTP/2 connection, on a network
/// thread of its own (and a few more that pack messages, where compression is on). It connects when
/// there is something to send, asks the resolver again each time, and tries the addresses in turn,
/// beginning with another one each time. Request bodies are written from where they lie.
class grpc_client {
public:
  /// errc::invalid_argument: an endpoint, TLS or auth setting that cannot work. Does not connect
  /// yet.
  static result<std::unique_ptr<grpc_client>> start(grpc_client_config config);

  ~grpc_client(); ///< stop()

  using on_reply = std::function<void(grpc_reply)>;

  /// Calls `path` ("/package.Service/Method"). Any thread; does not block. `done` is called once,
  /// on a thread of the client, within `timeout`: UNAVAILABLE with the reason where no connection
  /// could be had, DEADLINE_EXCEEDED where the server did not answer in time.
  void call(std::string path, shared_bytes message, on_reply done);

  /// Ends all calls with UNAVAILABLE and the connection; returns when no callback runs any more.
  /// Not to be called from a callback.
  void stop();

private:
  grpc_client();
  struct impl;
  std::shared_ptr<impl> impl_;
};

} // namespace weir::net
