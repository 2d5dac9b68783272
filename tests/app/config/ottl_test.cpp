#include "support.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(ottl_test)

using namespace weir::app;

namespace {

std::string only_error(const std::string& parts) {
  const auto errors = test::errors_of(test::minimal(parts));
  BOOST_TEST(errors.size() == 1U);
  return errors.empty() ? "" : errors.front();
}

const std::string good = R"(processors:
  filter/lists:
    error_mode: silent
    traces:
      span: ['name == "a"', "name == \"b\""]
      spanevent: [event_index > 3]
    metrics: {metric: ['IsMatch(name, "^go_")'], datapoint: [value_int == 1]}
    logs: {log_record: ['body == "x"'], resource: ['attributes["a"] == nil']}
  filter/groups:
    trace_conditions: ['span.name == "a"', 'resource.attributes["a"] == 1']
    metric_conditions: [{context: metric, conditions: ['name == "a"'], error_mode: propagate}]
    log_conditions: ['log.body == "a"']
  filter/old:
    metrics:
      include: {match_type: regexp, metric_names: ["^http\\.", 'a"b']}
      exclude: {match_type: strict, resource_attributes: [{key: host, value: x}]}
  transform:
    trace_statements:
      - context: span
        conditions: ['name == "a"']
        statements: ['set(name, "b")', 'delete_key(attributes, "c")']
      - statements: ['set(resource.attributes["a"], 1)']
    metric_statements: ['set(metric.unit, "1")', 'set(metric.name, "n")']
    log_statements: [{context: log, statements: ['set(body, "x")']}]
)";

} // namespace

// Scenario: filter and transform in all the forms that the file may have. Guarantee: they load, and
// print as something that loads and prints the same.
BOOST_AUTO_TEST_CASE(all_forms_load_and_print) {
  const auto loaded = load_config(test::minimal(good), test::variables());
  BOOST_REQUIRE_MESSAGE(loaded, (loaded ? "" : test::texts(loaded.error().errors).front()));
  const auto printed = print_document(loaded->source);
  const auto again = load_config(printed, test::variables());
  BOOST_REQUIRE_MESSAGE(again, printed);
  BOOST_TEST(print_document(again->source) == printed);
}

// Scenario: a condition or statement that is wrong, in each place where one may stand, in plain,
// quoted and block texts. Guarantee: one error with the line and column in the file at which it
// went wrong; of a text over several lines that of its beginning, and the place in it.
BOOST_AUTO_TEST_CASE(errors_have_a_place_in_the_file) {
  BOOST_TEST(only_error("processors:\n  filter:\n    traces:\n      span: [kind == 1, kind = 1]\n")
             == "f:7:30: processors.filter.traces.span: found `=`, expected a comparison such as "
                "`==`");
  BOOST_TEST(only_error("processors:\n  filter:\n    logs:\n      log_record:\n"
                        "      - 'body == \"it''s\" and bdy == 1'\n")
             == "f:8:30: processors.filter.logs.log_record: found the unknown path `bdy` of a log, "
                "expected one of: attributes, cache, body, body.string, severity_number, "
                "severity_text, time_unix_nano, observed_time_unix_nano, time, observed_time, "
                "trace_id, trace_id.string, span_id, span_id.string, flags, event_name, "
                "dropped_attributes_count");
  BOOST_TEST(only_error("processors:\n  transform:\n    trace_statements:\n"
                        "    - \"set(span.name, \\\"a\\\") wher true\"\n")
             == "f:7:30: processors.transform.trace_statements: found `wher`, expected `where` or "
                "the end");
  BOOST_TEST(only_error("processors:\n  transform:\n    trace_statements:\n    - context: span\n"
                        "      statements:\n      - |\n        set(name,\n          5 +)\n")
             == "f:9:9: processors.transform.trace_statements[0]: line 2, column 6 of `set(name,\n"
                "  5 +)\n`: found `)`, expected a value");
  BOOST_TEST(only_error("processors:\n  tail_sampling:\n    policies:\n    - {name: o, type: "
                        "ottl_condition, ottl_condition: {span: [nam == 1]}}\n")
                 .starts_with("f:7:63: processors.tail_sampling.policies[0].ottl_condition.span: "
                              "found the unknown path `nam` of a span"));
}

// Scenario: what the tables refuse. Guarantee: an error that says why.
BOOST_AUTO_TEST_CASE(odd_files_are_refused) {
  BOOST_TEST(only_error("processors: {filter: {trace_conditions: ['span.name == \"a\"', {context: "
                        "span, conditions: ['true']}]}}\n")
             == "f:4:41: processors.filter.trace_conditions: found texts beside groups, expected "
                "one of them");
  BOOST_TEST(only_error("processors: {filter: {trace_conditions: ['span.name == \"a\"'], traces: "
                        "{span: ['true']}}}\n")
             == "f:4:41: processors.filter.trace_conditions: found conditions in two forms, "
                "expected one of them");
  BOOST_TEST(only_error("processors: {transform: {log_statements: [{context: span, statements: "
                        "['set(name, \"a\")']}]}}\n")
                 .find("found the context span in a pipeline of logs")
             != std::string::npos);
  BOOST_TEST(only_error("processors: {transform: {error_mode: stop}}\n").find("`ignore`")
             != std::string::npos);
  BOOST_TEST(only_error("processors: {filter: {metrics: {include: {match_type: regexp, "
                        "metric_names: ['(']}}}}\n")
                 .find("processors.filter.metrics.include")
             != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
