#pragma once

#include "core/error.hpp"
#include "net/admin/config.hpp"
#include "net/asker.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::net {

/// An rpc of the admin API (proto/weir/admin/v1).
struct admin_method {
  std::string name;
  bool is_long = false; ///< It may go on until the caller goes.
};

/// What the admin API tells, and does, as bytes. Called from several threads at once.
class admin_source {
public:
  virtual ~admin_source() = default;

  /// The same at any time.
  virtual std::vector<admin_method> methods() const = 0;
  /// Answers a call: one answer or, of a stream, many. errc::not_found: there is no such thing;
  /// errc::invalid_argument: the request is none; errc::unsupported, errc::unavailable: it cannot be
  /// done, or not now.
  virtual result<void> answer(const std::string& method, const std::string& request,
                              asker& whom) = 0;
};

/// Serves the admin API until it goes. Bounded: 8 threads, 4 long calls, requests of 64 KiB; beyond,
/// callers are told to come again.
class admin_server {
public:
  /// `source` has to live longer. errc::unavailable: the endpoint is taken; errc::io: a file of
  /// certificates or tokens cannot be read; errc::invalid_argument: it holds none, or the endpoint
  /// is no address.
  static result<std::unique_ptr<admin_server>> start(const admin_config& config,
                                                     admin_source& source);

  /// The bound address.
  const std::string& endpoint() const noexcept;

  /// Ends calls that are under way.
  ~admin_server();

private:
  struct impl;
  explicit admin_server(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

} // namespace weir::net
