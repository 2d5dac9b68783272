#pragma once

#include "core/error.hpp"
#include "net/config.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace weir::net {

/// Of a small server that is not open to everyone.
struct admin_http_options {
  std::optional<tls_server_config> tls = {}; ///< Absent: plain text.
  server_auth_config auth = {};              ///< Who may look.
  std::map<std::string, std::string> response_headers = {};
};

/// A small HTTP/1.1 server for pages that people and monitoring read: health, metrics. GET and HEAD
/// alone, on one thread of its own; at most 64 connections (for one more, the one that has waited
/// longest is closed), each of which must send its request within 10 s.
class admin_http {
public:
  struct answer {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
  };
  /// Makes a page from what stands behind the `?`. Called on the server's thread; what it throws is
  /// answered 500.
  using page = std::function<answer(std::string_view query)>;

  /// Serves `pages` by path ("/metrics") on "host:port" (port 0 = any free one). A port in use is
  /// an error that names it, as is a file of the options that cannot be read.
  static result<std::unique_ptr<admin_http>> start(const std::string& endpoint,
                                                   std::map<std::string, page> pages,
                                                   const admin_http_options& options = {});

  /// The bound address.
  std::string endpoint() const;

  ~admin_http();

private:
  struct impl;
  explicit admin_http(std::unique_ptr<impl> built);
  std::unique_ptr<impl> impl_;
};

} // namespace weir::net
