#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace weir::test {

/// A small HTTP/1.1 server by Boost.Beast, plain or TLS, a thread a connection.
class fake_http_server {
public:
  struct request {
    std::string target;
    std::map<std::string, std::string> headers; ///< Lower-case names.
    std::string body;
    int connection; ///< Number of the connection it came over, from 1 on.
  };
  struct answer {
    int status = 200;
    std::string body = {};
    std::map<std::string, std::string> headers = {};
    bool hang_up = false; ///< Close without an answer.
    bool never = false;   ///< Do not answer until the server ends.
  };
  struct options {
    std::string key_file = {}, certificate_file = {}, client_ca_file = {}; ///< With a key: TLS.
  };
  using handler = std::function<answer(const request&)>;

  explicit fake_http_server(handler on_request);
  fake_http_server(options o, handler on_request);
  ~fake_http_server();

  int port() const noexcept;
  std::string url() const; ///< "http://127.0.0.1:port"

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace weir::test
