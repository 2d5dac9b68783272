#pragma once

#include "net/config.hpp"

#include <boost/algorithm/string/case_conv.hpp>

#include <string>
#include <variant>
#include <vector>

// In a header alone, so that who asks for names needs none of the clients.
namespace weir::net {

/// What a header takes its value from: "metadata.<header>", lower-case, or "auth.<name>"; "" where
/// the value is given.
inline std::string carried_name(const header_setting& header) {
  if (!header.from_context.empty())
    return "metadata." + boost::algorithm::to_lower_copy(header.from_context);
  return header.from_attribute.empty() ? "" : "auth." + header.from_attribute;
}

/// The names of all headers that take theirs from clients.
inline std::vector<std::string> carried_names(const client_auth_config& config) {
  std::vector<std::string> names;
  if (const auto* setter = std::get_if<headers_setter_config>(&config))
    for (const auto& header : setter->headers)
      if (auto name = carried_name(header); !name.empty())
        names.push_back(std::move(name));
  return names;
}

} // namespace weir::net
