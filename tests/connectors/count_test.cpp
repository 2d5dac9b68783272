#include "connectors/count.hpp"
#include "tests/editing/messages.hpp"

#include <boost/test/unit_test.hpp>

using namespace weir;
using namespace weir::connectors;
using namespace weir::editing::test;

namespace {

const std::string spans = traces(R"([
  {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[
    {"scope":{"name":"x","attributes":[{"key":"zone","value":{"stringValue":"z"}}]},"spans":[
      {"name":"1","startTimeUnixNano":"20","endTimeUnixNano":"30",
       "attributes":[{"key":"code","value":{"intValue":"200"}}],
       "events":[{"name":"e","timeUnixNano":"25"},{"name":"f","timeUnixNano":"21"}]},
      {"name":"2","startTimeUnixNano":"10","endTimeUnixNano":"12",
       "attributes":[{"key":"code","value":{"intValue":"200"}}]},
      {"name":"3","startTimeUnixNano":"11","endTimeUnixNano":"40",
       "attributes":[{"key":"code","value":{"intValue":"500"}}]}]}]},
  {"resource":{},"scopeSpans":[{"spans":[{"name":"4"}]}]}])");

relay_outcome outcome_of(const count_config& config, const std::string& message,
                         std::uint64_t items, weir::signal kind) {
  const auto relay = make_count(config, kind, "count");
  BOOST_REQUIRE_MESSAGE(relay, (relay ? "" : relay.error().message));
  editing::request_context request;
  request.now = 99;
  return (*relay)->make(kind, message, items, request, {});
}

std::string counted(const count_config& config, const std::string& message, std::uint64_t items,
                    weir::signal kind = signal::traces) {
  const auto made = outcome_of(config, message, items, kind);
  BOOST_TEST(made.refusal == "");
  BOOST_REQUIRE(made.messages.size() <= 1U);
  return made.messages.empty() ? "" : json(made.messages[0].message, signal::metrics);
}

} // namespace

BOOST_AUTO_TEST_SUITE(count_test)

// Scenario: nothing is said of what to count. Guarantee: spans and events by resource, delta, over
// the times that they had; of what has no time, now.
BOOST_AUTO_TEST_CASE(all_is_counted_by_default) {
  const auto text = counted({}, spans, 4);
  const auto scope = std::string(R"("scopeMetrics":[{"scope":{"name":"github.com/open-telemetry/)")
                     + R"(opentelemetry-collector-contrib/connector/countconnector"},"metrics":[)";
  const auto metric = [](const std::string& name, const std::string& noun, const std::string& start,
                         const std::string& time, int count) {
    return R"({"name":")" + name + R"(","description":"The number of )" + noun
           + R"( observed.","sum":{"dataPoints":[{"startTimeUnixNano":")" + start
           + R"(","timeUnixNano":")" + time + R"(","asInt":")" + std::to_string(count)
           + R"("}],"aggregationTemporality":1,"isMonotonic":true}})";
  };
  BOOST_TEST(text
             == R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name",)"
                R"("value":{"stringValue":"shop"}}]},)"
                    + scope + metric("trace.span.count", "spans", "10", "40", 3) + ","
                    + metric("trace.span.event.count", "span events", "21", "25", 2)
                    + R"(]}]},{"resource":{},)" + scope
                    + metric("trace.span.count", "spans", "99", "99", 1) + "]}]}]}");
}

// Scenario: metrics with conditions, and attributes of span, scope and resource, one of which has a
// default. Guarantee: what lacks an attribute is not counted; data points come apart by their values.
BOOST_AUTO_TEST_CASE(attributes_tell_points_apart) {
  count_config config;
  count_metric metric{"codes", "", {R"(span.name != "2")"}, {}};
  metric.attributes.push_back({"code", {}});
  metric.attributes.push_back({"zone", {}});
  metric.attributes.push_back({"service.name", {}});
  config.spans = {metric};
  config.spanevents.clear();
  const auto text = counted(config, spans, 4);
  BOOST_TEST(
      text.find(R"({"key":"code","value":{"intValue":"500"}},{"key":"zone","value":)"
                R"({"stringValue":"z"}},{"key":"service.name","value":{"stringValue":"shop"}})")
      != std::string::npos);
  BOOST_TEST(text.find(R"("asInt":"2")") == std::string::npos);
  BOOST_TEST(text.find(R"("resource":{},)") == std::string::npos); // The fourth has no code.
  config.spans[0].attributes = {{"code", {}}};
  std::string any;
  otlp::wire::append_bytes_field(any, 1, "none");
  config.spans[0].attributes[0].default_value.bytes = any;
  BOOST_TEST(counted(config, spans, 4).find(R"({"stringValue":"none"})") != std::string::npos);
}

// Scenario: metrics and log records. Guarantee: metrics, data points and records are counted.
BOOST_AUTO_TEST_CASE(metrics_and_logs_are_counted) {
  const auto points = metrics(R"([{"scopeMetrics":[{"metrics":[
    {"name":"g","gauge":{"dataPoints":[{"asInt":"1","timeUnixNano":"7"},{"asInt":"2"}]}},
    {"name":"h","histogram":{"dataPoints":[{"count":"1"}]}}]}]}])");
  const auto text = counted({}, points, 3, signal::metrics);
  BOOST_TEST(text.find(R"("name":"metric.count")") != std::string::npos);
  BOOST_TEST(text.find(R"("startTimeUnixNano":"7","timeUnixNano":"7","asInt":"3")")
             != std::string::npos);
  const auto records =
      logs(R"([{"scopeLogs":[{"logRecords":[{"timeUnixNano":"5"},{"severityNumber":9}]}]}])");
  BOOST_TEST(counted({}, records, 2, signal::logs).find(R"("asInt":"2")") != std::string::npos);
}

// Scenario: a condition that no item holds for, and one that fails. Guarantee: nothing is made; the
// request is refused.
BOOST_AUTO_TEST_CASE(nothing_is_made_of_nothing) {
  count_config config;
  config.spans = {{"none", "", {"name == \"x\""}, {}}};
  config.spanevents.clear();
  BOOST_TEST(counted(config, spans, 4) == "");
  config.spans = {{"bad", "", {"1 / Int(name) / 0 == 1"}, {}}};
  BOOST_TEST(!outcome_of(config, spans, 4, signal::traces).refusal.empty());
  config.spans = {{"wrong", "", {"name =="}, {}}};
  BOOST_TEST(!make_count(config, signal::traces, "count").has_value());
}

BOOST_AUTO_TEST_SUITE_END()
