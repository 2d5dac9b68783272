#include "tests/ottl/runs.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::editing::test;
using namespace weir::ottl::test;

const std::string spans = traces(R"([
  {"resource":{"attributes":[{"key":"env","value":{"stringValue":"test"}}]},"scopeSpans":[
    {"scope":{"name":"a"},"spans":[{"name":"1","events":[{"name":"x"},{"name":"y"}]},{"name":"2"}]},
    {"scope":{"name":"b"},"spans":[{"name":"3"}]}]},
  {"resource":{"attributes":[{"key":"env","value":{"stringValue":"live"}}]},"scopeSpans":[
    {"scope":{"name":"a"},"spans":[{"name":"4"}]}]}])");

const std::string points = metrics(R"([{"scopeMetrics":[{"scope":{"name":"a"},"metrics":[
  {"name":"g","gauge":{"dataPoints":[{"asInt":"1"},{"asDouble":2.5}]}},
  {"name":"s","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"asInt":"7"}]}},
  {"name":"h","histogram":{"aggregationTemporality":1,"dataPoints":[{"count":"3","sum":9,
    "bucketCounts":["1","2"],"explicitBounds":[5]}]}},
  {"name":"none"}]}]}])");

const std::string records =
    logs(R"([{"resource":{},"scopeLogs":[{"scope":{"name":"a"},"logRecords":[
  {"severityNumber":9,"severityText":"INFO","body":{"stringValue":"hello"}},
  {"severityNumber":17,"body":{"kvlistValue":{"values":[{"key":"k","value":{"stringValue":"v"}}]}}}
  ]}]}])");

ottl_run filtered(const filter_config& config, const std::string& message,
                  weir::signal kind = signal::traces) {
  return apply(make_filter(config, kind, "filter"), kind, message);
}

/// The names of what is left, in order.
std::string names(const std::string& json) {
  std::string found;
  constexpr std::string_view key = R"("name":")";
  for (auto position = json.find(key); position != std::string::npos;
       position = json.find(key, position + 1))
    found += json.substr(position + key.size(),
                         json.find('"', position + key.size()) - position - key.size())
             + " ";
  return found;
}

} // namespace

BOOST_AUTO_TEST_SUITE(filter_test)

// Scenario: conditions on resources, spans and events of the old form. Guarantee: what matches any
// goes, scopes and resources without spans go with them, spans without events stay.
BOOST_AUTO_TEST_CASE(traces_are_filtered_by_lists) {
  filter_config config;
  config.traces_span = {R"(name == "2")", R"(name == "3" and scope.name == "b")"};
  BOOST_TEST(names(filtered(config, spans).json) == "a 1 x y a 4 ");
  config.traces_spanevent = {R"(name == "x" and span.name == "1")", "event_index == 1"};
  BOOST_TEST(names(filtered(config, spans).json) == "a 1 a 4 ");
  config.traces_resource = {R"(attributes["env"] == "live")"};
  BOOST_TEST(names(filtered(config, spans).json) == "a 1 ");
  config.traces_span = {"true"};
  BOOST_TEST(filtered(config, spans).json == "{}");
}

// Scenario: `spans` and `logs` of the form before conditions: names, resources, scopes, severities,
// each as include, as exclude, and both. Guarantee: what include does not match goes, then what
// exclude matches; scopes and resources without items go with them.
BOOST_AUTO_TEST_CASE(spans_and_logs_are_selected) {
  const auto test_env = match_attribute{"env", {}};
  filter_config config;
  config.spans_include.emplace().span_names = {"1", "3", "4"};
  BOOST_TEST(names(filtered(config, spans).json) == "a 1 x y b 3 a 4 ");
  config.spans_exclude.emplace().libraries = {{"b", std::nullopt}};
  BOOST_TEST(names(filtered(config, spans).json) == "a 1 x y a 4 ");
  config.spans_include.reset();
  BOOST_TEST(names(filtered(config, spans).json) == "a 1 x y 2 a 4 ");
  config.spans_exclude->resources = {test_env};
  BOOST_TEST(names(filtered(config, spans).json) == "a 1 x y 2 a 4 ");
  config.spans_exclude->libraries.clear();
  BOOST_TEST(filtered(config, spans).json == "{}");
  config.logs_include.emplace().log_severity_number = match_severity{10, false};
  const auto severe = filtered(config, records, signal::logs).json;
  BOOST_TEST(severe.find("hello") == severe.npos);
  BOOST_TEST(severe.find("\"severityNumber\":17") != severe.npos);
  config.logs_exclude.emplace().regexp = true;
  config.logs_exclude->log_bodies = {"\"k\""};
  BOOST_TEST(filtered(config, records, signal::logs).json == "{}");
}

// Scenario: conditions of the new form: found contexts in one group, given ones in several.
// Guarantee: the same results.
BOOST_AUTO_TEST_CASE(traces_are_filtered_by_groups) {
  filter_config config;
  config.trace_conditions = {
      {"",
       {R"(span.name == "2")", R"(scope.name == "b")", R"(resource.attributes["env"] == "live")",
        R"(spanevent.name == "x")"},
       ""}};
  BOOST_TEST(names(filtered(config, spans).json) == "a 1 y ");
  config.trace_conditions = {{"span", {R"(name == "2")"}, ""}, {"scope", {R"(name == "b")"}, ""}};
  BOOST_TEST(names(filtered(config, spans).json) == "a 1 x y a 4 ");
}

// Scenario: metrics by type, name and points. Guarantee: a metric whose last point goes goes too;
// one that cannot have points stays.
BOOST_AUTO_TEST_CASE(metrics_are_filtered) {
  filter_config config;
  config.metrics_metric = {"type == METRIC_DATA_TYPE_SUM and is_monotonic == true"};
  BOOST_TEST(names(filtered(config, points, signal::metrics).json) == "a g h none ");
  config.metrics_metric = {};
  config.metrics_datapoint = {"value_int == 1", "value_int == 7 and metric.name == \"s\"",
                              "count == 3 and bucket_counts == [1, 2] and sum == 9.0"};
  BOOST_TEST(names(filtered(config, points, signal::metrics).json) == "a g none ");
  config.metrics_datapoint = {"explicit_bounds == [5.0]", "value_double == 2.5"};
  BOOST_TEST(names(filtered(config, points, signal::metrics).json) == "a g s none ");
  config.metrics_datapoint = {};
  config.metric_conditions = {
      {"", {"metric.aggregation_temporality == AGGREGATION_TEMPORALITY_DELTA"}, ""}};
  BOOST_TEST(names(filtered(config, points, signal::metrics).json) == "a g s none ");
}

// Scenario: log records by severity and body. Guarantee: they go; keys lead into a body that is a
// map, an error into one that is not.
BOOST_AUTO_TEST_CASE(logs_are_filtered) {
  filter_config config;
  config.logs_record = {"severity_number >= SEVERITY_NUMBER_WARN"};
  auto run = filtered(config, records, signal::logs);
  BOOST_TEST(run.json.find("hello") != std::string::npos);
  BOOST_TEST(run.json.find("kvlist") == std::string::npos);
  config.logs_record = {R"(body["k"] == "v")"};
  run = filtered(config, records, signal::logs);
  BOOST_TEST(run.refusal == "");
  BOOST_TEST(run.json.find("kvlist") == std::string::npos);
  config.logs_record = {R"(body == "hello")", R"(body.string == "{\"k\":\"v\"}")"};
  BOOST_TEST(filtered(config, records, signal::logs).json == "{}");
  config.error_mode = "propagate";
  config.logs_record = {R"(body["k"] == "v")"};
  BOOST_TEST(
      filtered(config, records, signal::logs).refusal
      == "`body[\"k\"] == \"v\"` failed: expected a body with keys or places, found a string");
}

// Scenario: conditions for other signals, and none that matches. Guarantee: the message stays as it
// is, bit by bit.
BOOST_AUTO_TEST_CASE(what_does_not_match_is_untouched) {
  filter_config config;
  config.logs_record = {"true"};
  BOOST_TEST(!filtered(config, spans).changed);
  config.traces_span = {R"(name == "nobody")"};
  config.traces_spanevent = {R"(name == "nobody")"};
  BOOST_TEST(!filtered(config, spans).changed);
}

BOOST_AUTO_TEST_SUITE_END()
