#pragma once

#include <string_view>

// What an address in a configuration says.
namespace weir::app {

/// Before host:port, where the name stands for several nodes.
inline constexpr std::string_view dns_scheme = "dns://";

/// Whether host:port names this machine to itself alone: localhost, 127.0.0.0/8, [::1].
/// @pre is_host_port(endpoint)
bool is_loopback(std::string_view endpoint);

/// Whether it is host:port by which somebody can be reached: a host that is one, a port above 0.
bool is_reachable_address(std::string_view endpoint);

} // namespace weir::app
