#pragma once

#include "core/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <weir/admin/v1/admin.pb.h>

namespace weir::net {

/// How to reach a node's admin API.
struct admin_client_config {
  std::string endpoint; ///< host:port
  std::string token = {};
  bool tls = false;
  std::string ca_file = {}; ///< Who may have signed the node's certificate; "" = the system's.
  std::string cert_file = {}, key_file = {}; ///< Shown to the node; PEM, as all here.
  std::string server_name = {};              ///< In the certificate; "" = the endpoint's.
  std::chrono::milliseconds timeout{std::chrono::seconds(10)}; ///< Until an answer.
};

/// Asks a node. Errors are sentences for a person that name the endpoint: errc::unavailable (nobody
/// answers, or not now), errc::unsupported (the node refuses: no token, no cluster),
/// errc::not_found (no such member), errc::io (a file cannot be read). One thread.
class admin_client {
public:
  static result<admin_client> make(const admin_client_config& config);
  ~admin_client();
  admin_client(admin_client&&) noexcept;
  admin_client& operator=(admin_client&&) noexcept;

  result<admin::v1::StatusResponse> status();
  result<admin::v1::MembersResponse> members();
  /// Takes a node out (a name or an id, "" = the one asked). Tells how far it is as long as `told`
  /// wants to hear; that is no error.
  result<void> leave(const std::string& node,
                     const std::function<bool(const admin::v1::LeaveProgress&)>& told);

private:
  struct impl;
  explicit admin_client(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

} // namespace weir::net
