#pragma once

#include "core/error.hpp"
#include "net/config.hpp"

#include <atomic>
#include <memory>
#include <openssl/ssl.h>

namespace weir::net {

/// The TLS side of a listener: certificates, versions, client certificates, ALPN. make() may be
/// called from any thread while reload() runs.
class tls_server_context {
public:
  /// Reads and checks all files. Errors name the key of the configuration and the file.
  /// `only_h2`: a client that offers ALPN without h2 is refused (gRPC); else h2 and http/1.1.
  static result<std::unique_ptr<tls_server_context>> open(const tls_server_config& config,
                                                          bool only_h2);

  /// A new connection's state.
  SSL* make() const;

  /// Reads the files again; on an error the present ones stay in use.
  result<void> reload();

  /// How often reload() is due; 0 = never.
  milliseconds reload_interval() const noexcept;

private:
  tls_server_context(tls_server_config config, bool only_h2)
      : config_(std::move(config)), only_h2_(only_h2) {}
  result<std::shared_ptr<SSL_CTX>> load() const;

  tls_server_config config_;
  bool only_h2_;
  std::atomic<std::shared_ptr<SSL_CTX>> current_;
};

} // namespace weir::net
