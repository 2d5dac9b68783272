#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace weir::test {

/// A server by gRPC C++ that answers any unary call by a function: an independent other side.
class fake_grpc_server {
public:
  struct call {
    std::string method;
    std::string message;
    std::map<std::string, std::string> metadata;
  };
  struct answer {
    int code = 0;
    std::string text = {};
    std::string body = {};
    std::map<std::string, std::string> trailers = {};
    std::string details = {}; ///< grpc-status-details-bin
    bool never = false;       ///< Hold the call open until it is cancelled.
  };
  struct options {
    std::string key_pem = {}, certificate_pem = {}, client_ca_pem = {}; ///< With a key: TLS.
    int max_message_bytes = 0;                                          ///< 0: gRPC's 4 MiB.
    int port = 0;
    std::string host = "127.0.0.1";
  };
  using handler = std::function<answer(const call&)>; ///< Called on threads of gRPC.

  explicit fake_grpc_server(handler on_call);
  fake_grpc_server(options o, handler on_call);
  ~fake_grpc_server();

  int port() const noexcept;
  std::string endpoint() const; ///< "127.0.0.1:port", or with the host of the options

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace weir::test
