#pragma once

#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/error.hpp"
#include "net/grpc_client_status.hpp"

#include <memory>
#include <string>

namespace weir::backends {

/// The `otlp` exporter: OTLP/gRPC. `id` labels its metrics.
/// errc::invalid_argument: an endpoint, compression or TLS setting that cannot work.
result<std::unique_ptr<sender>> make_otlp_grpc_sender(const std::string& id,
                                                      const otlp_grpc_config& config);

/// What a finished Export call means for the request. Source: the OTLP specification's table of
/// retryable codes; RESOURCE_EXHAUSTED only with RetryInfo.
outcome outcome_of(const net::grpc_reply& reply);

} // namespace weir::backends
