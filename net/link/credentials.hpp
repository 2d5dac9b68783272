#pragma once

#include "core/error.hpp"
#include "net/link/link.hpp"

#include <memory>

namespace weir::net {

/// What a node shows to others, and whom it lets in: made once, for the server and for all links that
/// the node makes. Reads the files again in a thread of its own while it lives. Immutable; any
/// thread.
class link_credentials {
public:
  /// errc::io where a file cannot be read, errc::invalid_argument where it is no certificate or key,
  /// or the key is not the certificate's; each names the file.
  static result<std::shared_ptr<const link_credentials>> open(link_tls tls);

  ~link_credentials();

  /// Of gRPC: for net/link/ alone.
  struct parts;
  const parts& grpc() const noexcept { return *parts_; }

  /// A constructor for open() alone.
  explicit link_credentials(std::unique_ptr<parts> parts);

private:
  std::unique_ptr<parts> parts_;
};

} // namespace weir::net
