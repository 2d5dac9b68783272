#pragma once

#include "core/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace weir::net {

/// How to reach a node's admin API.
struct admin_client_config {
  std::string endpoint; ///< host:port
  std::string token = {};
  bool tls = false;
  std::string ca_file = {}; ///< Who may have signed the node's certificate; "" = the system's.
  std::string cert_file = {}, key_file = {}; ///< Shown to the node; PEM, as all here.
  std::string server_name = {};              ///< In the certificate; "" = the endpoint's.
};

/// How long a node may take for an answer, where it asks others too.
inline constexpr std::chrono::milliseconds answer_patience = std::chrono::seconds(10);

/// Asks a node. Errors are sentences for a person that name the endpoint: errc::unavailable (nobody
/// answers, or not now), errc::unsupported (the node refuses: no token, no cluster, not its like),
/// errc::not_found (no such member), errc::invalid_argument (it cannot be meant), errc::io (a file cannot be read). One thread.
class admin_client {
public:
  static result<admin_client> make(const admin_client_config& config);
  ~admin_client();
  admin_client(admin_client&&) noexcept;
  admin_client& operator=(admin_client&&) noexcept;

  /// Calls an rpc of the admin API with a request. `told` hears each answer as it comes, and says
  /// whether it wants more; that it does not is no error. `patience`: until the last answer; nothing:
  /// as long as it takes.
  result<void> call(const std::string& method, const std::string& request,
                    std::optional<std::chrono::milliseconds> patience,
                    const std::function<bool(const std::string&)>& told);

private:
  struct impl;
  explicit admin_client(std::unique_ptr<impl> made);
  std::unique_ptr<impl> impl_;
};

} // namespace weir::net
