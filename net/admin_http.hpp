#pragma once

#include "core/error.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace weir::net {

/// A small HTTP/1.1 server for pages that people and monitoring read: health, metrics. GET and HEAD
/// alone, on one thread of its own; at most 64 connections (more are closed at once), each of which
/// must send its request within 10 s.
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
  /// an error that names it.
  static result<std::unique_ptr<admin_http>> start(const std::string& endpoint,
                                                   std::map<std::string, page> pages);

  /// The bound address.
  std::string endpoint() const;

  ~admin_http();

private:
  struct impl;
  explicit admin_http(std::unique_ptr<impl> built);
  std::unique_ptr<impl> impl_;
};

} // namespace weir::net
