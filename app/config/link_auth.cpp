#include "app/config/link_auth.hpp"

#include <algorithm>
#include <set>

namespace weir::app {

namespace {

result<net::bearer_auth_config> tokens_of(const bearer_auth_shape& shape) {
  auto config = shape.config;
  if (!shape.token.empty())
    config.tokens.push_back(shape.token);
  if (config.filename.empty() && config.tokens.empty())
    return fail(errc::invalid_argument, "expected `token`, `tokens` or `filename` in it");
  return config;
}

} // namespace

result<net::server_auth_config> server_auth_of(const component& extension) {
  if (const auto* shape = std::get_if<bearer_auth_shape>(&extension.config))
    return tokens_of(*shape);
  if (const auto* basic = std::get_if<net::basic_auth_config>(&extension.config);
      basic != nullptr && !(basic->htpasswd_file.empty() && basic->htpasswd_inline.empty()))
    return *basic;
  return fail(errc::invalid_argument, "expected `bearertokenauth` or `basicauth` with `htpasswd`");
}

result<net::client_auth_config> client_auth_of(const component& extension) {
  if (const auto* shape = std::get_if<bearer_auth_shape>(&extension.config))
    return tokens_of(*shape);
  if (const auto* headers = std::get_if<net::headers_setter_config>(&extension.config))
    return *headers;
  if (const auto* basic = std::get_if<net::basic_auth_config>(&extension.config);
      basic != nullptr && !basic->username.empty())
    return *basic;
  return fail(errc::invalid_argument, "expected `bearertokenauth`, `headers_setter` or `basicauth` "
                                      "with `client_auth`");
}

std::vector<std::string> carried_in(const pipeline_config& pipeline,
                                    const std::vector<backends::exporter_config>& exporters) {
  std::set<std::string> names;
  for (const auto& exporter : exporters) {
    const auto& used = pipeline.exporters;
    if (std::find(used.begin(), used.end(), exporter.id) == used.end())
      continue;
    const auto own = backends::carried_names(exporter);
    names.insert(own.begin(), own.end());
  }
  return {names.begin(), names.end()};
}

} // namespace weir::app
