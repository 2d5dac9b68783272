#include "net/client/grpc_client_endpoint.hpp"

#include "core/quote.hpp"

#include <algorithm>

namespace weir::net {

namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix))
    return false;
  text.remove_prefix(prefix.size());
  return true;
}

} // namespace

result<grpc_endpoint> parse_grpc_endpoint(std::string_view text) {
  const auto bad = [whole = without_secrets(text)](const char* why) {
    return fail(errc::invalid_argument, "endpoint \"" + whole + "\": " + why);
  };
  grpc_endpoint out;
  if (take_prefix(text, "http://")) {
    out.plain = true;
  } else if (take_prefix(text, "dns://")) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos)
      return bad("expected dns:///host:port or dns://server/host:port");
    if (slash > 0) {
      auto server = parse_dns_server(text.substr(0, slash));
      if (!server)
        return bad(server.error().message.c_str());
      out.name_server = *std::move(server);
    }
    text.remove_prefix(slash + 1);
  } else if (!take_prefix(text, "https://")) {
    take_prefix(text, "passthrough:///");
  }
  if (text.starts_with("unix:"))
    return bad("unix sockets are not supported, expected host:port");
  text = text.substr(0, text.find('/'));
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size() || colon == 0)
    return bad("expected host:port");
  out.port = text.substr(colon + 1);
  if (!std::all_of(out.port.begin(), out.port.end(), [](char c) { return c >= '0' && c <= '9'; })
      || out.port.size() > 5 || std::stoul(out.port) > 65535)
    return bad("the port is not a number up to 65535");
  auto host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']'))
    host = host.substr(1, host.size() - 2);
  else if (host.find(':') != std::string_view::npos)
    return bad("an IPv6 address needs brackets, as in [::1]:4317");
  out.host = host;
  out.authority = text;
  return out;
}

} // namespace weir::net
