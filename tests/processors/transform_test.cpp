#include "tests/ottl/runs.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace weir;
using namespace weir::processors;
using namespace weir::editing::test;
using namespace weir::ottl::test;

const std::string spans = traces(R"([
  {"resource":{"attributes":[{"key":"env","value":{"stringValue":"test"}}]},"scopeSpans":[
    {"scope":{"name":"a"},"spans":[{"name":"1","events":[{"name":"x"},{"name":"y"}]},
    {"name":"2"}]}]}])");

const std::string points = metrics(R"([{"scopeMetrics":[{"metrics":[
  {"name":"g","gauge":{"dataPoints":[{"asInt":"1"}]}},
  {"name":"s","sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[{"asInt":"7"}]}}
  ]}]}])");

bool has(const ottl_run& run, std::string_view part) {
  return run.json.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_SUITE(transform_test)

// Scenario: groups in several contexts, each of which reads what the one before it wrote, downwards
// and upwards. Guarantee: a group runs over the whole message before the next begins.
BOOST_AUTO_TEST_CASE(groups_run_one_after_another) {
  transform_config config;
  config.error_mode = "propagate";
  config.trace_statements = {
      {"resource", {}, {R"(set(attributes["env"], "live"))"}, ""},
      {"span", {}, {R"(set(resource.attributes["last"], name))"}, ""},
      {"resource", {}, {R"(set(attributes["seen"], attributes["last"]))"}, ""},
      {"", {}, {R"(set(span.attributes["env"], resource.attributes["env"]))"}, ""},
      {"spanevent", {}, {R"(set(attributes["of"], span.name))", R"(set(name, "z"))"}, ""},
  };
  const auto run = transformed(config, spans);
  BOOST_TEST(run.refusal == "");
  BOOST_TEST(run.json == json(traces(R"([{"resource":{"attributes":[
    {"key":"env","value":{"stringValue":"live"}},{"key":"last","value":{"stringValue":"2"}},
    {"key":"seen","value":{"stringValue":"2"}}]},"scopeSpans":[{"scope":{"name":"a"},"spans":[
    {"name":"1","events":[
      {"name":"z","attributes":[{"key":"of","value":{"stringValue":"1"}}]},
      {"name":"z","attributes":[{"key":"of","value":{"stringValue":"1"}}]}],
     "attributes":[{"key":"env","value":{"stringValue":"live"}}]},
    {"name":"2","attributes":[{"key":"env","value":{"stringValue":"live"}}]}]}]}])")));
}

// Scenario: conditions before a group's statements. Guarantee: one that holds is enough, none: the
// statements do not run.
BOOST_AUTO_TEST_CASE(conditions_guard_a_group) {
  transform_config config;
  config.trace_statements = {
      {"span", {R"(name == "2")", R"(name == "3")"}, {R"(set(name, "two"))"}, ""}};
  const auto run = transformed(config, spans);
  BOOST_TEST(has(run, R"("name":"1")"));
  BOOST_TEST(has(run, R"("name":"two")"));
}

// Scenario: metrics and their points. Guarantee: fields of the metric, of what it holds and of its
// points are written from both contexts.
BOOST_AUTO_TEST_CASE(metrics_are_transformed) {
  transform_config config;
  config.error_mode = "propagate";
  config.metric_statements = {
      {"metric",
       {},
       {R"(set(unit, "1"))", R"(set(description, Concat([name, type], "/")))",
        "set(aggregation_temporality, AGGREGATION_TEMPORALITY_DELTA)"},
       ""},
      {"datapoint",
       {},
       {R"(set(value_double, 1.5) where metric.name == "g")",
        R"(set(attributes["m"], metric.name))",
        R"(set(metric.is_monotonic, false) where value_int == 7)", "set(time_unix_nano, 9)"},
       ""},
  };
  const auto run = transformed(config, points, signal::metrics);
  BOOST_TEST(run.refusal == "");
  BOOST_TEST(run.json
             == json(metrics(R"([{"scopeMetrics":[{"metrics":[
    {"name":"g","gauge":{"dataPoints":[{"asDouble":1.5,"attributes":[{"key":"m","value":
      {"stringValue":"g"}}],"timeUnixNano":"9"}]},"unit":"1","description":"g/1"},
    {"name":"s","sum":{"aggregationTemporality":1,"isMonotonic":false,"dataPoints":[{"asInt":"7",
      "attributes":[{"key":"m","value":{"stringValue":"s"}}],"timeUnixNano":"9"}]},"unit":"1",
      "description":"s/2"}]}]}])"),
                     signal::metrics));
}

// Scenario: log records. Guarantee: bodies, severities and times are written, a JSON body becomes
// attributes.
BOOST_AUTO_TEST_CASE(logs_are_transformed) {
  const auto run = run_statements(
      "log",
      {R"(merge_maps(cache, ParseJSON(body), "upsert") where IsMatch(body, "^\\{"))",
       R"(set(attributes["user"], cache["user"]))", R"(set(severity_text, cache["level"]))",
       "set(severity_number, SEVERITY_NUMBER_ERROR)", R"(set(body, cache["message"]))",
       R"(set(time, Time(cache["at"], "%Y-%m-%dT%H:%M:%SZ")))",
       R"(set(trace_id.string, "0102030405060708090a0b0c0d0e0f10"))"},
      logs(R"([{"scopeLogs":[{"logRecords":[{"body":{"stringValue":
        "{\"user\":\"u\",\"level\":\"error\",\"message\":\"m\",\"at\":\"2023-11-14T22:13:20Z\"}"}}
        ]}]}])"),
      signal::logs);
  BOOST_TEST(run.refusal == "");
  BOOST_TEST(run.json
             == json(logs(R"([{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"m"},
    "attributes":[{"key":"user","value":{"stringValue":"u"}}],"severityText":"error",
    "severityNumber":17,"timeUnixNano":"1700000000000000000",
    "traceId":"0102030405060708090a0b0c0d0e0f10"}]}]}])"),
                     signal::logs));
}

// Scenario: statements that change nothing. Guarantee: the message stays as it is, bit by bit.
BOOST_AUTO_TEST_CASE(what_is_not_changed_is_untouched) {
  const auto run = run_statements(
      "span", {R"(set(name, "x") where name == "nobody")", R"(delete_key(attributes, "absent"))"},
      spans);
  BOOST_TEST(!run.changed);
}

BOOST_AUTO_TEST_SUITE_END()
