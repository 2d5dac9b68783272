#pragma once

#include "core/error.hpp"
#include "net/config.hpp"

#include <boost/asio/ssl/context.hpp>
#include <memory>

namespace weir::net {

/// Reads a client's TLS settings into an OpenSSL context: CA (the system's where none is named),
/// certificate and key, versions. errc::io or errc::invalid_argument name the file and the reason.
result<std::shared_ptr<boost::asio::ssl::context>>
make_tls_client_context(const tls_client_config& c);

/// OpenSSL's number of "1.0" to "1.3"; 0 for "" and for what is not a version.
int tls_version_number(const std::string& version) noexcept;

} // namespace weir::net
