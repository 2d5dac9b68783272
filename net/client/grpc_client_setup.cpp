#include "net/client/grpc_client_setup.hpp"

#include "core/base64.hpp"
#include "core/log.hpp"
#include "net/client/proxies.hpp"
#include "net/status.hpp"

#include <boost/algorithm/string/case_conv.hpp>
#include <utility>

namespace weir::net {

namespace {

// gRPC asks for the proxy of https, plain text or not, as grpc-go does.
result<void> use_proxy(const proxies& environment, grpc_endpoint& endpoint) {
  const auto url = environment.find("https", endpoint.host, endpoint.port);
  if (url.empty())
    return {};
  auto proxy = parse_proxy(url);
  if (!proxy)
    return fail(errc::invalid_argument, "HTTPS_PROXY: " + proxy.error().message);
  log::info("{} is reached through the proxy {}:{}", endpoint.authority, proxy->host, proxy->port);
  endpoint.proxy = *std::move(proxy);
  return {};
}

result<void> check_texts(const grpc_client_config& config) {
  for (const auto& [option, text] :
       {std::pair{"authority", &config.authority}, {"user_agent", &config.user_agent}})
    if (const auto wrong = wrong_header(option, *text, header_rules::grpc); !wrong.empty())
      return fail(errc::invalid_argument, std::string(option) + ": " + wrong);
  return {};
}

} // namespace

result<header_list> headers_to_send(const grpc_client_config& config) {
  if (auto checked = check_texts(config); !checked)
    return tl::unexpected(checked.error());
  header_list out;
  for (const auto& [name, value] : config.headers) {
    if (auto wrong = wrong_header(name, value, header_rules::grpc); !wrong.empty())
      return fail(errc::invalid_argument, "headers: " + wrong);
    if (is_transport_header(name, header_rules::grpc))
      continue;
    auto lower = boost::algorithm::to_lower_copy(name);
    auto text = lower.ends_with("-bin") ? encode_unpadded_base64(value) : value;
    out.emplace_back(std::move(lower), std::move(text));
  }
  return out;
}

// What was checked at start is right; what came later is not sent where it is wrong.
void add_checked(header_list& headers, std::string name, std::string value) {
  if (const auto wrong = wrong_header(name, value, header_rules::grpc); wrong.empty())
    headers.emplace_back(std::move(name), std::move(value));
  else if (log::permit("net.grpc_header", 60))
    log::error("a header is not sent: {}", wrong);
}

std::string_view grpc_encoding_name(codec::encoding method) {
  switch (method) {
  case codec::encoding::gzip:
    return "gzip";
  case codec::encoding::zstd:
    return "zstd";
  default:
    return "snappy";
  }
}

result<std::vector<grpc_endpoint>> endpoints_of(const grpc_client_config& config) {
  const auto environment = proxies::of_environment();
  auto texts = config.more_endpoints;
  texts.insert(texts.begin(), config.endpoint);
  std::vector<grpc_endpoint> endpoints;
  for (const auto& text : texts) {
    auto endpoint = parse_grpc_endpoint(text);
    if (!endpoint)
      return tl::unexpected(endpoint.error());
    if (auto through = use_proxy(environment, *endpoint); !through)
      return tl::unexpected(through.error());
    endpoint->plain = endpoint->plain || config.tls.insecure;
    endpoints.push_back(*std::move(endpoint));
  }
  return endpoints;
}

} // namespace weir::net
