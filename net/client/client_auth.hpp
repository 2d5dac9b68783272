#pragma once

#include "core/error.hpp"
#include "net/config.hpp"
#include "net/header_text.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::net {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// What an authenticator adds to each request of an exporter. Any thread.
class client_authenticator {
public:
  virtual ~client_authenticator() = default;

  /// Changes the headers that a request goes out with; names are compared without regard to case.
  /// `carried`: what the clients said whose data it holds, by carried_name().
  virtual void apply(header_list& headers, const header_list& carried) = 0;
};

/// Null for monostate. What it adds may stand in a header by these rules, also what comes later.
/// errc::io, errc::invalid_argument: a file that cannot be read, no token, a header that cannot be
/// sent.
result<std::shared_ptr<client_authenticator>>
make_client_authenticator(const client_auth_config& config, header_rules rules);

} // namespace weir::net
