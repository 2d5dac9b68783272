#include "net/server/cors.hpp"

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/join.hpp>
#include <boost/algorithm/string/predicate.hpp>
#include <boost/algorithm/string/split.hpp>
#include <boost/algorithm/string/trim.hpp>

namespace weir::net {

namespace {

/// `pattern` may have one `*` that stands for any characters, as the Collector's do.
bool matches(const std::string& pattern, std::string_view origin) {
  const auto star = pattern.find('*');
  if (star == std::string::npos)
    return boost::algorithm::iequals(pattern, origin);
  const auto head = std::string_view(pattern).substr(0, star);
  const auto tail = std::string_view(pattern).substr(star + 1);
  return origin.size() >= head.size() + tail.size() && boost::algorithm::istarts_with(origin, head)
         && boost::algorithm::iends_with(origin, tail);
}

bool origin_allowed(const cors_config& cors, std::string_view origin) {
  return std::any_of(cors.allowed_origins.begin(), cors.allowed_origins.end(),
                     [&](const auto& pattern) { return matches(pattern, origin); });
}

bool headers_allowed(const cors_config& cors, const std::string& wanted) {
  // What fetch() may send anyway, and what OTLP needs.
  static const std::vector<std::string> always = {"accept", "content-type", "origin",
                                                  "x-requested-with"};
  std::vector<std::string> names;
  boost::algorithm::split(names, wanted, [](char c) { return c == ','; });
  return std::all_of(names.begin(), names.end(), [&](std::string name) {
    boost::algorithm::trim(name);
    const auto is_it = [&](const auto& x) {
      return x == "*" || boost::algorithm::iequals(x, name);
    };
    return name.empty() || std::any_of(always.begin(), always.end(), is_it)
           || std::any_of(cors.allowed_headers.begin(), cors.allowed_headers.end(), is_it);
  });
}

/// A browser's credentials are for origins that were named: with `*` any page could send them.
void allow_origin(const cors_config& cors, const request_head& head, http_response& response) {
  const auto& origins = cors.allowed_origins;
  if (std::find(origins.begin(), origins.end(), "*") != origins.end()) {
    response.headers.emplace_back("access-control-allow-origin", "*");
    return;
  }
  response.headers.emplace_back("access-control-allow-origin", head.origin);
  response.headers.emplace_back("access-control-allow-credentials", "true");
}

} // namespace

std::optional<http_response> answer_preflight(const otlp_listener_config& config,
                                              const request_head& head) {
  if (!config.cors || head.method != request_head::verb::options || head.wanted_method.empty())
    return {};
  http_response response{204, "", "", {{"vary", "Origin"}}};
  if (head.origin.empty() || head.wanted_method != "POST"
      || !origin_allowed(*config.cors, head.origin)
      || !headers_allowed(*config.cors, head.wanted_headers))
    return response; // The browser reads the missing headers as a no.
  allow_origin(*config.cors, head, response);
  response.headers.emplace_back("access-control-allow-methods", "POST");
  if (!head.wanted_headers.empty())
    response.headers.emplace_back("access-control-allow-headers", head.wanted_headers);
  if (config.cors->max_age > 0)
    response.headers.emplace_back("access-control-max-age", std::to_string(config.cors->max_age));
  return response;
}

void add_cors_headers(const otlp_listener_config& config, const request_head& head,
                      http_response& response) {
  if (!config.cors || head.origin.empty())
    return;
  response.headers.emplace_back("vary", "Origin");
  if (!origin_allowed(*config.cors, head.origin))
    return;
  allow_origin(*config.cors, head, response);
  if (!config.cors->exposed_headers.empty())
    response.headers.emplace_back("access-control-expose-headers",
                                  boost::algorithm::join(config.cors->exposed_headers, ", "));
}

} // namespace weir::net
