#include "support.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

BOOST_AUTO_TEST_SUITE(connectors_test)

using namespace weir;
using namespace weir::app;

namespace {

/// A file with these connectors and pipelines; the first pipeline stands in line 5.
std::string file(const std::string& connectors, const std::string& pipelines) {
  return "receivers: {otlp: {protocols: {grpc: {include_metadata: true}}}}\n"
         "exporters: {nop: , debug: }\n"
         "processors: {tail_sampling: {policies: [{name: p, type: always_sample}]}}\n"
         "connectors: {"
         + connectors + "}\nservice: {pipelines: {" + pipelines + "}}\n";
}

void expect(const std::string& connectors, const std::string& pipelines,
            std::vector<std::string> errors) {
  const auto found = test::errors_of(file(connectors, pipelines));
  BOOST_TEST(found == errors, boost::test_tools::per_element());
}

loaded_config good(const std::string& connectors, const std::string& pipelines) {
  const auto text = file(connectors, pipelines);
  auto loaded = load_config(text, test::variables());
  BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : test::texts(loaded.error().errors).front()));
  return std::move(*loaded);
}

} // namespace

// Scenario: pipelines that connectors join: one to several, several to one, from signal to signal.
// Guarantee: each way has the pipelines that the connector makes data for, and no others.
BOOST_AUTO_TEST_CASE(pipelines_are_joined) {
  const auto loaded =
      good("forward: , count: , spanmetrics: ",
           "traces: {receivers: [otlp], exporters: [forward, spanmetrics, nop]}, "
           "traces/a: {receivers: [forward], processors: [tail_sampling], exporters: [nop]}, "
           "traces/b: {receivers: [forward, otlp], exporters: [count]}, "
           "logs: {receivers: [otlp], exporters: [count]}, "
           "metrics: {receivers: [count, spanmetrics], exporters: [nop]}");
  const auto& c = loaded.config;
  BOOST_REQUIRE(c.connections.size() == 3U);
  BOOST_TEST(c.pipelines[0].exporters.size() == 1U);
  BOOST_TEST(c.pipelines[0].connectors_behind.size() == 2U);
  BOOST_TEST(c.pipelines[2].receivers.size() == 1U);
  BOOST_TEST(c.pipelines[2].exporters.empty());
  const auto& forward = c.connections[0];
  BOOST_REQUIRE(forward.ways.size() == 1U);
  BOOST_TEST(
      (forward.ways[0].groups == std::vector<std::vector<std::string>>{{"traces/a", "traces/b"}}));
  BOOST_TEST(forward.ways[0].relay == nullptr);
  BOOST_TEST(c.connections[1].ways.size() == 2U); // traces and logs
  BOOST_TEST(bool(c.connections[2].make_meter));
  BOOST_TEST((c.connections[2].targets == std::vector<std::string>{"metrics"}));
}

// Scenario: connectors that stand on one side alone, or between signals that they do not join.
// Guarantee: an error that names the pipeline.
BOOST_AUTO_TEST_CASE(both_sides_are_needed) {
  expect("forward: ", "traces: {receivers: [otlp], exporters: [forward, nop]}",
         {"f:4:14: connectors.forward: the pipeline `traces` has it as an exporter, and no "
          "pipeline that it makes data for has it as a receiver"});
  expect("forward: ", "traces: {receivers: [forward, otlp], exporters: [nop]}",
         {"f:4:14: connectors.forward: the pipeline `traces` has it as a receiver, and no "
          "pipeline whose data it makes that of has it as an exporter"});
  expect("spanmetrics: ",
         "traces: {receivers: [otlp], exporters: [spanmetrics]}, "
         "traces/b: {receivers: [spanmetrics], exporters: [nop]}",
         {"f:4:14: connectors.spanmetrics: the pipeline `traces` has it as an exporter, and no "
          "pipeline that it makes data for has it as a receiver",
          "f:4:14: connectors.spanmetrics: the pipeline `traces/b` has it as a receiver, and no "
          "pipeline whose data it makes that of has it as an exporter"});
  expect("debug: ", "traces: {receivers: [otlp], exporters: [nop]}",
         {"f:4:14: connectors.debug: found the unknown connector type `debug`, expected `forward`, "
          "`count`, `routing`, `spanmetrics` or `span_metrics`"});
}

// Scenario: pipelines that go round. Guarantee: an error that names them all.
BOOST_AUTO_TEST_CASE(circles_are_refused) {
  expect("forward/x: , forward/y: ",
         "traces: {receivers: [otlp], exporters: [forward/x]}, "
         "traces/a: {receivers: [forward/x, forward/y], exporters: [forward/y]}",
         {"f:1:1: service.pipelines: found pipelines that connectors join to a circle: traces/a -> "
          "forward/y -> traces/a"});
}

// Scenario: connectors behind tail_sampling. Guarantee: those that pass data on are an error, as
// they would pass on what was not kept; those that measure say what they see.
BOOST_AUTO_TEST_CASE(connectors_stand_before_sampling) {
  expect("forward: ",
         "traces: {receivers: [otlp], processors: [tail_sampling], exporters: [forward]}, "
         "traces/b: {receivers: [forward], exporters: [nop]}",
         {"f:4:14: connectors.forward: the pipeline `traces` samples, and connectors get what came "
          "to it, not what it kept: expected its exporters in that pipeline itself, or "
          "tail_sampling in the pipeline behind"});
  const auto loaded = good(
      "spanmetrics: ",
      "traces: {receivers: [otlp], processors: [tail_sampling], exporters: [nop, spanmetrics]}, "
      "metrics: {receivers: [spanmetrics], exporters: [nop]}");
  const auto warnings = test::texts(loaded.warnings);
  BOOST_TEST(std::count(warnings.begin(), warnings.end(),
                        "f:4:14: connectors.spanmetrics: it sees all that comes to the pipeline "
                        "`traces`, before tail_sampling")
             == 1);
}

// Scenario: routing to a pipeline that is not behind it, with conditions that are wrong, and by a
// header. Guarantee: an error with the place; the receiver before it keeps the header.
BOOST_AUTO_TEST_CASE(routes_lead_somewhere) {
  const std::string pipelines = "traces: {receivers: [otlp], exporters: [routing]}, "
                                "traces/a: {receivers: [routing], exporters: [nop]}";
  const auto routing = [](const std::string& condition, const std::string& pipeline,
                          const std::string& context = "resource") {
    return fmt::format("routing: {{table: [{{context: {}, condition: '{}', pipelines: [{}]}}]}}",
                       context, condition, pipeline);
  };
  expect(routing("true", "traces/b"), pipelines,
         {"f:4:14: connectors.routing: found the pipeline `traces/b`, which does not have it as a "
          "receiver, or is not one of traces"});
  const auto wrong = test::errors_of(file(routing("nonsense(", "traces/a"), pipelines));
  BOOST_REQUIRE(wrong.size() == 1U);
  BOOST_TEST(wrong[0].find("connectors.routing: table[0]: ") != std::string::npos, wrong[0]);
  const auto loaded =
      good(routing("request[\"X-Tenant\"] == \"a\"", "traces/a", "request"), pipelines);
  BOOST_TEST((loaded.config.receivers[0].listeners[0].metadata_keys
              == std::vector<std::string>{"x-tenant"}));
}

// Scenario: dimensions that stand twice, buckets that fall, both kinds of histograms, events without
// dimensions. Guarantee: an error each, at its place.
BOOST_AUTO_TEST_CASE(options_that_do_not_fit) {
  const auto expect_one = [](const std::string& options, const std::string& part) {
    const auto errors = test::errors_of(
        file("spanmetrics: {" + options + "}", "traces: {receivers: [otlp], exporters: [nop]}"));
    BOOST_REQUIRE(errors.size() == 1U);
    BOOST_TEST(errors[0].find(part) != std::string::npos, errors[0]);
  };
  expect_one("dimensions: [{name: a}, {name: a}]", "found the dimension `a` a second time");
  expect_one("dimensions: [{name: span.name}]", "or as one that is always there");
  expect_one("histogram: {explicit: {buckets: [5ms, 1ms]}}", "expected bounds that rise");
  expect_one("histogram: {explicit: , exponential: }", "expected one of them");
  expect_one("events: {enabled: true}", "expected at least one");
  expect_one("aggregation_temporality: DELTA", "AGGREGATION_TEMPORALITY_DELTA");
}

BOOST_AUTO_TEST_SUITE_END()
