#pragma once

#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/error.hpp"
#include "net/http_client.hpp"

#include <memory>
#include <string>

namespace weir::backends {

/// The `otlphttp` exporter: OTLP/HTTP with protobuf or JSON bodies. `id` labels its metrics.
/// errc::invalid_argument: an endpoint, encoding, compression or TLS setting that cannot work.
result<std::unique_ptr<sender>> make_otlp_http_sender(const std::string& id,
                                                      const otlp_http_config& config);

/// Whether requests of a signal have somewhere to go.
bool has_endpoint(const otlp_http_config& config, weir::signal kind);

/// What an answer means for the request: 429, 502, 503, 504 and no answer at all are worth another
/// try; 413, and 400 where it speaks of size (as the Collector says it), ask for smaller requests.
/// Source: the OTLP specification.
outcome outcome_of(const net::http_response& response);

} // namespace weir::backends
