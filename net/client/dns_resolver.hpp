#pragma once

#include "net/client/name_resolver.hpp"

#include <string>

namespace weir::net {

/// Where one DNS server listens.
struct dns_server {
  std::string host;
  std::string port;
};

/// Reads "10.0.0.2", "10.0.0.2:5353" or "ns.example:53". errc::invalid_argument: it is neither, or
/// an address of IPv6.
result<dns_server> parse_dns_server(std::string_view text);

/// Asks this server alone, on a thread of its own, and nothing else that the system knows (as
/// `dns://server/name` means it in gRPC). Two questions, one for each family of
/// addresses, are asked for a name, which takes 8 s at the most. Its destructor waits for the one
/// under way.
std::shared_ptr<name_resolver> make_dns_resolver(boost::asio::io_context& io, dns_server server);

} // namespace weir::net
