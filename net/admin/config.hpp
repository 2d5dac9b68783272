#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace weir::net {

/// `admin.tls`
struct admin_tls_config {
  std::string cert_file, key_file; ///< PEM
  std::string client_ca_file;      ///< Demands and checks a client certificate; "" = does not.
  std::chrono::milliseconds reload_interval{
      std::chrono::seconds(10)}; ///< Files are looked at so often.

  friend bool operator==(const admin_tls_config&, const admin_tls_config&) = default;
};

/// Where the admin API listens, and whom it lets in.
struct admin_config {
  std::string endpoint = "127.0.0.1:13134"; ///< host:port; port 0 = any free one.
  std::optional<admin_tls_config> tls = {};
  std::string token = {}; ///< The bearer token that clients have to say ...
  std::string token_file =
      {}; ///< ... or a file with some, a line each; neither: everyone is let in.

  friend bool operator==(const admin_config&, const admin_config&) = default;
};

} // namespace weir::net
