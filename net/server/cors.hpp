#pragma once

#include "net/server/http_exchange.hpp"

namespace weir::net {

/// The answer to a CORS preflight (fetch.spec.whatwg.org, 3.2); nothing: it is not one, or CORS is
/// off.
std::optional<http_response> answer_preflight(const otlp_listener_config& config,
                                              const request_head& head);

/// Says to a browser whether it may read this answer. Nothing without CORS or an origin.
void add_cors_headers(const otlp_listener_config& config, const request_head& head,
                      http_response& response);

} // namespace weir::net
