#pragma once

#include "app/config/components.hpp"
#include "core/error.hpp"

namespace weir::app {

/// What an extension says as authenticator of a receiver, or what was expected in its place.
result<net::server_auth_config> server_auth_of(const component& extension);

/// The same of an exporter.
result<net::client_auth_config> client_auth_of(const component& extension);

/// What the exporters of a pipeline send on of its requests (net::carried_name()), each once.
std::vector<std::string> carried_in(const pipeline_config& pipeline,
                                    const std::vector<backends::exporter_config>& exporters);

} // namespace weir::app
