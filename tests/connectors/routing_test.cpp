#include "connectors/routing.hpp"
#include "tests/editing/messages.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::connectors;
using namespace weir::editing::test;

namespace {

const std::string three_tenants = traces(R"([
  {"resource":{"attributes":[{"key":"tenant","value":{"stringValue":"a"}}]},"scopeSpans":[
    {"scope":{"name":"x"},"spans":[{"name":"1"},{"name":"2"}]}]},
  {"resource":{"attributes":[{"key":"tenant","value":{"stringValue":"b"}}]},"scopeSpans":[
    {"scope":{"name":"x"},"spans":[{"name":"3"}]}]},
  {"resource":{},"scopeSpans":[{"spans":[{"name":"4"}]}]}])");

route_config route(const std::string& condition, const std::string& pipeline,
                   const std::string& context = "resource",
                   route_action action = route_action::move) {
  return {context, "", condition, action, {pipeline}};
}

/// "0: 1 2 (2)": the group, the names of spans and how many items there are said to be.
std::vector<std::string> routed(const routing_config& config, const std::string& message,
                                std::uint64_t items, weir::signal kind = signal::traces,
                                const editing::request_context& request = {}) {
  const auto way = make_routing(config, kind, "routing");
  BOOST_REQUIRE_MESSAGE(way, (way ? "" : way.error().message));
  const auto made = way->relay->make(kind, message, items, request, {});
  std::vector<std::string> found;
  if (!made.refusal.empty())
    found.push_back("refused: " + made.refusal);
  for (const auto& one : made.messages) {
    auto line = std::to_string(one.group) + ":";
    const auto text = json(one.message, kind);
    for (const auto* name : {"1", "2", "3", "4", "5"})
      if (text.find(std::string("\"name\":\"") + name) != std::string::npos)
        line += std::string(" ") + name;
    found.push_back(line + " (" + std::to_string(one.items) + ")");
  }
  return found;
}

using lines = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(routing_test)

// Scenario: two routes by resource, and pipelines by default. Guarantee: each takes what its
// condition holds for, the rest goes to the default ones, and counts agree.
BOOST_AUTO_TEST_CASE(resources_go_their_ways) {
  routing_config config;
  config.table = {route(R"(attributes["tenant"] == "a")", "traces/a"),
                  route(R"(attributes["tenant"] == "b")", "traces/b")};
  config.default_pipelines = {"traces/rest"};
  BOOST_TEST(routed(config, three_tenants, 4) == (lines{"0: 1 2 (2)", "1: 3 (1)", "2: 4 (1)"}),
             boost::test_tools::per_element());
  config.default_pipelines.clear();
  BOOST_TEST(routed(config, three_tenants, 4) == (lines{"0: 1 2 (2)", "1: 3 (1)"}),
             boost::test_tools::per_element());
}

// Scenario: a route that copies before one that moves, by span. Guarantee: what was copied is seen
// again, what was moved is not; scopes and resources that nothing is left of go.
BOOST_AUTO_TEST_CASE(copies_stay) {
  routing_config config;
  config.table = {route(R"(name == "1" or name == "3")", "traces/a", "span", route_action::copy),
                  route(R"(name == "1" or name == "2")", "traces/b", "span"),
                  route("true", "traces/c", "span")};
  config.default_pipelines = {"traces/rest"};
  BOOST_TEST(routed(config, three_tenants, 4) == (lines{"0: 1 3 (2)", "1: 1 2 (2)", "2: 3 4 (2)"}),
             boost::test_tools::per_element());
}

// Scenario: statements, as older files have them. Guarantee: their conditions hold; other
// statements are none.
BOOST_AUTO_TEST_CASE(statements_are_conditions) {
  BOOST_TEST(condition_in("route() where attributes[\"x\"] == 1") == "attributes[\"x\"] == 1");
  BOOST_TEST(condition_in(" route ( )  where  true ") == "true");
  BOOST_TEST(condition_in("route()") == "true");
  BOOST_TEST(condition_in("delete_key(attributes, \"x\") where true").empty());
  BOOST_TEST(condition_in("route() whereas").empty());
}

// Scenario: conditions on a header of the request. Guarantee: the whole request goes its way; of a
// header that is not there nothing holds, as in the Collector.
BOOST_AUTO_TEST_CASE(requests_go_by_their_headers) {
  routing_config config;
  config.table = {route(R"(request["X-Tenant"] == "a")", "traces/a", "request"),
                  route(R"(request["x-tenant"] != "a")", "traces/b", "request")};
  config.default_pipelines = {"traces/rest"};
  editing::request_context request;
  BOOST_TEST(routed(config, three_tenants, 4, signal::traces, request) == (lines{"2: 1 2 3 4 (4)"}),
             boost::test_tools::per_element());
  request.metadata = {{"x-tenant", "a"}};
  BOOST_TEST(routed(config, three_tenants, 4, signal::traces, request) == (lines{"0: 1 2 3 4 (4)"}),
             boost::test_tools::per_element());
  request.metadata = {{"x-tenant", "c"}};
  BOOST_TEST(routed(config, three_tenants, 4, signal::traces, request) == (lines{"1: 1 2 3 4 (4)"}),
             boost::test_tools::per_element());
  BOOST_TEST(!parse_request_condition("request.x == \"a\"").has_value());
  BOOST_TEST(!parse_request_condition("request[\"x\"] == a").has_value());
  BOOST_TEST(!parse_request_condition("request[\"x\"] > \"a\"").has_value());
}

// Scenario: a condition that fails, in each mode. Guarantee: it refuses the request, or does not
// hold.
BOOST_AUTO_TEST_CASE(failures_follow_the_mode) {
  routing_config config;
  config.table = {route("Int(attributes[\"tenant\"]) / 0 == 1", "traces/a")};
  config.default_pipelines = {"traces/rest"};
  config.error_mode = "silent";
  BOOST_TEST(routed(config, three_tenants, 4) == (lines{"1: 1 2 3 4 (4)"}),
             boost::test_tools::per_element());
  config.error_mode = "propagate";
  const auto refused = routed(config, three_tenants, 4);
  BOOST_REQUIRE(refused.size() == 1U);
  BOOST_TEST(refused[0].starts_with("refused: "));
}

// Scenario: data points and metrics of which some match, and a route about spans. Guarantee: points
// are counted one by one; a route that is not about metrics takes nothing.
BOOST_AUTO_TEST_CASE(data_points_are_taken_apart) {
  const auto message = metrics(R"([{"scopeMetrics":[{"metrics":[
    {"name":"1","gauge":{"dataPoints":[{"asInt":"1"},{"asInt":"7"}]}},
    {"name":"2","sum":{"dataPoints":[{"asInt":"7"}]}}]}]}])");
  routing_config config;
  config.table = {route("true", "metrics/s", "span"),
                  route("datapoint.value_int == 7", "metrics/a", "datapoint"),
                  route("metric.name == \"1\"", "metrics/b", "metric")};
  BOOST_TEST(routed(config, message, 3, signal::metrics) == (lines{"1: 1 2 (2)", "2: 1 (1)"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
