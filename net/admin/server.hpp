#pragma once

#include "core/error.hpp"
#include "net/admin/config.hpp"

#include <memory>
#include <optional>
#include <string>
#include <weir/admin/v1/admin.pb.h>

namespace weir::net {

/// What the admin API tells, and does. Called from several threads at once; answers without waiting
/// for anything that a node may wait for.
class admin_source {
public:
  virtual ~admin_source() = default;

  virtual admin::v1::StatusResponse status() = 0;
  /// nullopt: a single node.
  virtual std::optional<admin::v1::Cluster> cluster() = 0;
  /// Begins to take a node out: a member's name or id, "" = this one. Gives its id. errc::not_found:
  /// there is no such member; errc::unsupported, errc::unavailable: it cannot be told.
  virtual result<std::string> leave(const std::string& node) = 0;
};

/// Serves the admin API (proto/weir/admin/v1) until it goes. Bounded: 8 threads, 4 callers that look
/// on while a node leaves, requests of 64 KiB; beyond, callers are told to come again.
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
