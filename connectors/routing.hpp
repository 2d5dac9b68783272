#pragma once

#include "connectors/config.hpp"
#include "connectors/relay.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::connectors {

/// `routing` for one signal.
struct routing_way {
  relay_ptr relay;
  std::vector<std::vector<std::string>> groups; ///< Pipelines: of each route, and the default ones.
  std::set<std::string> headers; ///< Of requests, that conditions look at; lower case.
};

/// Routes are tried in their order; what one takes (`move`) the next do not see. A route whose
/// condition is about what the signal does not have takes nothing, as in the Collector.
/// errc::invalid_argument with the place and the reason for a condition that is wrong.
result<routing_way> make_routing(const routing_config& config, weir::signal kind,
                                 const std::string& id);

/// The condition of `route() where ...`; "": it is another statement.
std::string condition_in(std::string_view statement);

/// `request["name"] == "value"`, or `!=`.
struct request_condition {
  std::string header; ///< In lower case.
  std::string value;
  bool equal = true;

  /// Whether one of the header's values is (is not) the value.
  bool holds(const editing::request_context& request) const;
};
std::optional<request_condition> parse_request_condition(std::string_view text);

} // namespace weir::connectors
