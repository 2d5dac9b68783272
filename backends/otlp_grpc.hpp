#pragma once

#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/error.hpp"
#include "net/client/grpc_client_status.hpp"

#include <memory>
#include <string>

namespace weir::backends {

/// The `otlp` exporter: OTLP/gRPC. `id` labels its metrics.
/// errc::invalid_argument: an endpoint, compression or TLS setting that cannot work.
result<std::unique_ptr<sender>> make_otlp_grpc_sender(const std::string& id,
                                                      const otlp_grpc_config& config,
                                                      const retry_config& retry = {});

/// What a finished Export call means for the request: the codes that the OTLP specification calls
/// retryable (RESOURCE_EXHAUSTED only with RetryInfo) are worth another try soon, those of
/// `retry.permanent_codes` are final. Everything else (UNAUTHENTICATED, PERMISSION_DENIED,
/// UNIMPLEMENTED, NOT_FOUND, ...) is an outage that somebody ends.
outcome outcome_of(const net::grpc_reply& reply, const retry_config& retry = {});

} // namespace weir::backends
