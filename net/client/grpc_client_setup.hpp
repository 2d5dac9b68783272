#pragma once

#include "codec/encoding.hpp"
#include "core/error.hpp"
#include "net/client/client_auth.hpp"
#include "net/client/grpc_client.hpp"
#include "net/client/grpc_client_endpoint.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir::net {

/// The headers of every call as they go out: names in lower case, bytes of `-bin` headers in
/// base64, without those that gRPC writes itself. errc::invalid_argument: one that cannot be sent,
/// in `headers`, `authority` or `user_agent`.
result<header_list> headers_to_send(const grpc_client_config& config);

/// Adds a header that came up later, unless it cannot be sent: then that is said.
void add_checked(header_list& headers, std::string name, std::string value);

/// The grpc-encoding of packed messages.
std::string_view grpc_encoding_name(codec::encoding encoding);

/// Where calls go, in the order of `endpoint` and `more_endpoints`, with the proxies that the
/// environment names. errc::invalid_argument: one that cannot be.
result<std::vector<grpc_endpoint>> endpoints_of(const grpc_client_config& config);

} // namespace weir::net
