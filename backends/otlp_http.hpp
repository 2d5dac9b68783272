#pragma once

#include "backends/config.hpp"
#include "backends/sender.hpp"
#include "core/error.hpp"
#include "net/client/http_client.hpp"

#include <memory>
#include <string>

namespace weir::backends {

/// The `otlphttp` exporter: OTLP/HTTP with protobuf or JSON bodies. `id` labels its metrics.
/// errc::invalid_argument: an endpoint, encoding, compression or TLS setting that cannot work.
result<std::unique_ptr<sender>> make_otlp_http_sender(const std::string& id,
                                                      const otlp_http_config& config,
                                                      const retry_config& retry = {});

/// Whether requests of a signal have somewhere to go.
bool has_endpoint(const otlp_http_config& config, weir::signal kind);

/// What an answer means for the request: 429, 502, 503, 504 and no answer at all are worth another
/// try soon; 413, and 400 where it speaks of size (as the Collector says it), ask for smaller
/// requests (source: the OTLP specification). `retry.permanent_codes` are final. Everything else
/// (credentials, a route, a proxy in the middle of a deploy) is an outage that somebody ends. The
/// reason quotes the first 200 bytes of the answer.
outcome outcome_of(const net::http_response& response, const retry_config& retry = {});

} // namespace weir::backends
