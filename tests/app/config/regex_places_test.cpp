#include "support.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

// A regular expression may stand in many places of a file.
BOOST_AUTO_TEST_SUITE(regex_places_test)

using namespace weir::app;

// Scenario: an expression that repeats a million times, one whose program takes hundreds of
// megabytes, and one that is none, wherever one may stand. Guarantee: one error at the component,
// with the reason.
BOOST_AUTO_TEST_CASE(expressions_that_explode_are_refused) {
  std::string huge;
  for (int i = 0; i < 50; ++i)
    huge += "[[:^word:]]{1000}";
  for (const auto* place :
       {"attributes: {{actions: [{{action: delete, pattern: '{}'}}]}}",
        "attributes: {{actions: [{{action: hash, pattern: '{}'}}]}}",
        "attributes: {{actions: [{{action: extract, key: k, pattern: '(?P<x>{})'}}]}}",
        "attributes: {{include: {{match_type: regexp, services: ['{}']}}, actions: [{{action: "
        "delete, key: k}}]}}",
        "attributes: {{exclude: {{match_type: regexp, attributes: [{{key: k, value: '{}'}}]}}, "
        "actions: [{{action: delete, key: k}}]}}",
        "resource: {{attributes: [{{action: delete, pattern: '{}'}}]}}",
        "span: {{include: {{match_type: regexp, span_names: ['{}']}}, status: {{code: Ok}}}}",
        "span: {{name: {{to_attributes: {{rules: ['(?P<x>{})']}}}}}}",
        "redaction: {{allow_all_keys: true, blocked_values: ['{}']}}",
        "redaction: {{allow_all_keys: true, blocked_key_patterns: ['{}']}}",
        "redaction: {{allow_all_keys: true, ignored_key_patterns: ['{}']}}",
        "redaction: {{allow_all_keys: true, blocked_values: ['a'], allowed_values: ['{}']}}",
        "filter: {{traces: {{span: ['IsMatch(name, \"{}\")']}}}}",
        "transform: {{trace_statements: ['replace_pattern(span.name, \"{}\", \"x\")']}}",
        "tail_sampling: {{policies: [{{name: p, type: string_attribute, string_attribute: {{key: "
        "k, values: ['{}'], enabled_regex_matching: true}}}}]}}"})
    for (const auto& pattern : {std::string("((a{99}){99}){99}"), huge, std::string("(a")}) {
      const auto body = fmt::format(fmt::runtime(place), pattern);
      const auto id = body.substr(0, body.find(':'));
      const auto errors = test::errors_of(
          "receivers: {otlp: {protocols: {grpc: {}}}}\nexporters: {nop: {}}\nprocessors:\n  " + body
          + "\nservice: {pipelines: {traces: {receivers: [otlp], processors: [" + id
          + "], exporters: [nop]}}}\n");
      BOOST_TEST_CONTEXT(body) {
        BOOST_REQUIRE_EQUAL(errors.size(), 1u);
        BOOST_TEST(errors[0].find("f:4:") == 0u, errors[0]);
        BOOST_TEST(errors[0].find("processors." + id) != std::string::npos, errors[0]);
        BOOST_TEST(errors[0].find("regex") != std::string::npos, errors[0]);
      }
    }
}

BOOST_AUTO_TEST_SUITE_END()
