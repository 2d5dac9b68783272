#pragma once

#include "core/error.hpp"
#include "net/config.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <openssl/ssl.h>

namespace weir::net {

/// What a listener speaks behind TLS. A client that offers ALPN without any of it is refused.
enum class alpn : std::uint8_t { h2, h1, h2_and_h1 };

/// The TLS side of a listener: certificates, versions, client certificates, ALPN. make() may be
/// called from any thread while reload() runs.
class tls_server_context {
public:
  /// Reads and checks all files. Errors name the key of the configuration and the file.
  static result<std::unique_ptr<tls_server_context>> open(const tls_server_config& config,
                                                          alpn protocols);

  /// A new connection's state.
  SSL* make() const;

  /// Reads the files again; on an error the present ones stay in use.
  result<void> reload();

  /// How often reload() is due; 0 = never.
  milliseconds reload_interval() const noexcept;

private:
  tls_server_context(tls_server_config config, alpn protocols)
      : config_(std::move(config)), protocols_(protocols) {}
  result<std::shared_ptr<SSL_CTX>> load() const;

  tls_server_config config_;
  alpn protocols_;
  std::atomic<std::shared_ptr<SSL_CTX>> current_;
};

} // namespace weir::net
