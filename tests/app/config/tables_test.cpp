#include "subjects.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

BOOST_AUTO_TEST_SUITE(tables_test)

using namespace weir::app;
using namespace weir::app::test;

namespace {

/// The printed paths whose values differ between two outcomes.
std::set<std::string> changed(const outcome& a, const outcome& b) {
  std::set<std::string> paths;
  for (const auto& [path, text] : b.printed)
    if (const auto found = a.printed.find(path); found == a.printed.end() || found->second != text)
      paths.insert(path);
  return paths;
}

} // namespace

// Scenario: every option of every table that works, set to something else than its default.
// Guarantee: it is taken, and print-config shows it (or that it is masked) at its own path and
// changes nothing else.
BOOST_AUTO_TEST_CASE(options_that_work_are_taken) {
  std::size_t tried = 0;
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      if (row.effect != effect::works || is_heading(row) || row.path == "policies[].type")
        continue;
      ++tried;
      const auto sample = sample_of(s, row);
      const auto policy = policy_of(row.path);
      const auto yaml = nested(row.path, sample, policy);
      BOOST_TEST_CONTEXT(s.name << ": " << yaml) {
        const auto base = decode(s, nested(row.path, "", policy));
        const auto set = decode(s, yaml);
        BOOST_TEST(!speaks_of(set.said.errors, row.path));
        const auto different = changed(base, set);
        BOOST_TEST(different == std::set{expected_path(row)}, boost::test_tools::per_element());
        diagnostics ignored;
        std::map<std::string, std::string> wanted;
        flatten(*parse_yaml("a: " + sample, ignored), "", wanted);
        for (const auto& path : different) {
          const auto& shown = set.printed.at(path);
          BOOST_TEST((shown == wanted.begin()->second || shown == "[REDACTED]"), shown);
        }
      }
    }
  BOOST_TEST(tried > 150u);
}

// Scenario: every option that has no effect, and every one that is refused. Guarantee: a warning,
// an error, at its place.
BOOST_AUTO_TEST_CASE(options_that_do_nothing_say_so) {
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      if (row.effect == effect::works)
        continue;
      const auto yaml = nested(row.path, "text7", policy_of(row.path));
      BOOST_TEST_CONTEXT(s.name << ": " << yaml) {
        const auto done = decode(s, yaml);
        BOOST_TEST(speaks_of(row.effect == effect::none ? done.said.warnings : done.said.errors,
                             row.path));
      }
    }
}

// Scenario: a refused option that asks for nothing. Guarantee: it passes, as it does in a
// Collector.
BOOST_AUTO_TEST_CASE(refused_options_may_be_empty) {
  for (const auto* value :
       {"", "[]", "{}", "false", "\"\"", "0", "0s", "{enabled: false, name: x}", "{a: {b: 0}}"})
    BOOST_TEST(
        test::errors_of(fmt::format("receivers: {{otlp: {{protocols: {{grpc: }}}}}}\n"
                                    "exporters: {{otlp: {{endpoint: a:1, tls: {{tpm: {}}}}}}}\n"
                                    "service: {{pipelines: {{traces: {{receivers: [otlp], "
                                    "exporters: [otlp]}}}}}}\n",
                                    value))
            .empty(),
        value);
}

// Scenario: every default in the tables, where it has bounds or names. Guarantee: it keeps to them.
BOOST_AUTO_TEST_CASE(defaults_keep_their_own_rules) {
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      if (row.effect != effect::works || row.fallback.empty() || row.fallback == "0"
          || row.fallback == "0s")
        continue;
      const auto quote = row.type.starts_with("text") || row.type.starts_with("`") ? "\"" : "";
      const auto yaml = nested(row.path, quote + row.fallback + quote, policy_of(row.path));
      BOOST_TEST_CONTEXT(s.name << ": " << yaml)
      BOOST_TEST(!speaks_of(decode(s, yaml).said.errors, row.path));
    }
}

// Scenario: each type of policy, in its least form. Guarantee: known to the table, compiled or
// refused by name.
BOOST_AUTO_TEST_CASE(every_policy_type_is_decoded) {
  for (const auto* later :
       {"bytes_limiting: {bytes_per_second: 5}", "ottl_condition: {span: [\"true\"]}",
        "trace_flags: {}", "trace_state: {key: a, values: [b]}",
        "composite: {composite_sub_policy: [{name: x, type: always_sample}]}"}) {
    const std::string body(later);
    const auto type = body.substr(0, body.find(':'));
    const auto errors = test::errors_of(test::minimal(fmt::format(
        "processors: {{tail_sampling: {{policies: [{{name: p, type: {}, {}}}]}}}}\n", type, body)));
    BOOST_TEST(errors.size() <= 1u, type);
    for (const auto& line : errors)
      BOOST_TEST(line.find("not there yet") != std::string::npos, line);
  }
}

BOOST_AUTO_TEST_SUITE_END()
