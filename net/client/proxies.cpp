#include "net/client/proxies.hpp"

#include "core/base64.hpp"
#include "net/client/url.hpp"
#include "net/status.hpp"

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/trim.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <cstdlib>
#include <optional>
#include <utility>

namespace weir::net {

namespace {

namespace ip = boost::asio::ip;

std::string either(const proxies::variable& read, const char* capitals, const char* small) {
  for (const char* name : {capitals, small})
    if (const char* value = read(name); value != nullptr && *value != 0)
      return value;
  return {};
}

std::optional<ip::address> address_of(const std::string& text) {
  boost::system::error_code ec;
  const auto address = ip::make_address(text, ec);
  return ec ? std::nullopt : std::optional(address);
}

// Whether the address lies in a network such as 10.0.0.0/8; nothing: the text is none.
std::optional<bool> lies_in(const std::string& network, const std::optional<ip::address>& address) {
  boost::system::error_code ec;
  if (const auto v4 = ip::make_network_v4(network, ec); !ec)
    return address && address->is_v4()
           && ip::network_v4(address->to_v4(), v4.prefix_length()).network() == v4.network();
  ec.clear();
  if (const auto v6 = ip::make_network_v6(network, ec); !ec)
    return address && address->is_v6()
           && ip::network_v6(address->to_v6(), v6.prefix_length()).network() == v6.network();
  return std::nullopt;
}

// "host:port" taken apart; the port is "" where there is none.
std::pair<std::string, std::string> take_port(const std::string& text) {
  const auto colon = text.rfind(':');
  const bool alone = colon == std::string::npos
                     || (text.find(':') != colon && text.find(']') == std::string::npos)
                     || text.ends_with(']');
  auto host = alone ? text : text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  return {std::move(host), alone ? "" : text.substr(colon + 1)};
}

bool matches_name(std::string pattern, const std::string& host) {
  if (pattern.starts_with("*."))
    pattern.erase(0, 1);
  if (pattern.starts_with('.'))
    return host.ends_with(pattern);
  return host == pattern || host.ends_with("." + pattern);
}

bool matches(const std::string& entry, const std::string& host,
             const std::optional<ip::address>& address, std::string_view port) {
  if (entry == "*")
    return true;
  if (const auto inside = lies_in(entry, address))
    return *inside;
  const auto [pattern, wanted] = take_port(entry);
  if (pattern.empty() || (!wanted.empty() && wanted != port))
    return false;
  if (const auto same = address_of(pattern))
    return address && *address == *same;
  return matches_name(pattern, host);
}

} // namespace

proxies proxies::of_environment() {
  return proxies([](const char* name) -> const char* { return std::getenv(name); });
}

proxies::proxies(const variable& read)
    : http_(either(read, "HTTP_PROXY", "http_proxy")),
      https_(either(read, "HTTPS_PROXY", "https_proxy")) {
  const auto list = either(read, "NO_PROXY", "no_proxy");
  for (std::size_t position = 0; position < list.size();) {
    const auto end = std::min(list.find(',', position), list.size());
    auto entry = boost::algorithm::to_lower_copy(list.substr(position, end - position));
    boost::algorithm::trim(entry);
    if (!entry.empty())
      excluded_.push_back(std::move(entry));
    position = end + 1;
  }
}

std::string proxies::find(std::string_view scheme, const std::string& host,
                          std::string_view port) const {
  const auto& found = scheme == "https" ? https_ : http_;
  return found.empty() || excluded(host, port) ? "" : found;
}

bool proxies::excluded(std::string host, std::string_view port) const {
  boost::algorithm::to_lower(host);
  while (host.ends_with('.'))
    host.pop_back();
  const auto address = address_of(host);
  if (host.empty() || host == "localhost" || (address && address->is_loopback()))
    return true;
  return std::any_of(excluded_.begin(), excluded_.end(),
                     [&](const std::string& entry) { return matches(entry, host, address, port); });
}

result<proxy_address> parse_proxy(std::string_view url) {
  const auto parsed = parse_url(
      url.find("://") == std::string_view::npos ? "http://" + std::string(url) : std::string(url));
  if (!parsed)
    return fail(errc::invalid_argument, "the proxy is no URL such as http://proxy:3128");
  if (parsed->scheme != "http" && parsed->scheme != "https")
    return fail(errc::invalid_argument, "the proxy speaks " + parsed->scheme
                                            + ", expected http://, whose CONNECT leads on");
  proxy_address made{parsed->host, parsed->port, {}};
  if (!parsed->user.empty() || !parsed->password.empty())
    made.authorization = "Basic " + encode_base64(parsed->user + ":" + parsed->password);
  return made;
}

} // namespace weir::net
