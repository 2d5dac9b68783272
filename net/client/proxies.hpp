#pragma once

#include "core/error.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::net {

/// Which proxy the environment names for a request, by the rules of Go's clients: HTTP_PROXY,
/// HTTPS_PROXY and NO_PROXY, each in capitals or not (capitals first). Never one for this machine
/// itself. NO_PROXY is a list with commas: `*`, a host (with all below it), `.domain` and
/// `*.domain` (what is below it alone), an address, a network such as 10.0.0.0/8, each with or
/// without a port. Any thread.
class proxies {
public:
  using variable = std::function<const char*(const char* name)>; ///< As getenv().

  static proxies of_environment();
  explicit proxies(const variable& read);

  /// The proxy's URL, or host:port; "": connect without one. `scheme` is "http" or "https";
  /// `host` without brackets.
  std::string find(std::string_view scheme, const std::string& host, std::string_view port) const;

private:
  bool excluded(std::string host, std::string_view port) const;

  std::string http_, https_;
  std::vector<std::string> excluded_; ///< Lower-case, without blanks.
};

/// Where a proxy listens, and the value of `Proxy-Authorization` for it.
struct proxy_address {
  std::string host; ///< Without brackets.
  std::string port;
  std::string authorization; ///< "": none.
};

/// Reads "http://user:password@proxy:3128" or "proxy:3128". errc::invalid_argument: it is neither,
/// or speaks another protocol than HTTP; the message shows no credentials.
result<proxy_address> parse_proxy(std::string_view url);

} // namespace weir::net
