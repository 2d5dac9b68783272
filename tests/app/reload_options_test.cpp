#include "app/reload.hpp"
#include "tests/app/config/subjects.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(reload_options_test)

using namespace weir::app;
using namespace weir::app::test;

namespace {

/// A file around all components, for which `use` says what is in use and `options` what is set.
/// What is wrong with it does not matter here: options are tried one by one, without those they go
/// with.
loaded_config reading(const std::string& use, const std::string& options) {
  const std::vector<config_source> sources{
      {"base", "receivers: {otlp: }\n"
               "exporters: {nop: }\n"
               "service: {pipelines: {traces: {receivers: [otlp], exporters: [nop]}}}\n"},
      {"use", use},
      {"options", options}};
  diagnostics ignored;
  const auto tree = merge_sources(sources, ignored);
  BOOST_REQUIRE_MESSAGE(tree, options);
  decoder reports{ignored};
  loaded_config done;
  done.source = read_document(reports, *tree);
  done.config = link_document(reports, done.source, variables());
  return done;
}

/// YAML that puts a component where it is used; extensions stand at the door of a receiver.
std::string use_of(const subject& s) {
  if (s.section == "processors" || s.section == "exporters")
    return "service: {pipelines: {traces: {" + s.section + ": [" + s.name + "]}}}";
  if (s.section != "extensions")
    return "";
  const auto started = "service: {extensions: [" + s.name + "]}";
  return s.name.starts_with("health")
             ? started
             : started + "\nreceivers: {otlp: {protocols: {grpc: {auth: {authenticator: " + s.name
                   + "}}}}}";
}

std::string file_with(const subject& s, const std::string& options) {
  return s.section.empty() ? s.name + ": " + options
                           : s.section + ": {" + s.name + ": " + options + "}";
}

/// Another value than that of a file around the option.
std::string sample_for(const subject& s, const reference_row& row) {
  if (row.type == "a list")
    return "[{}]";
  if (row.type == "a map")
    return row.path == "pipelines" ? "{logs: {}}" : s.name == "count" ? "{traces: {}}" : "{}";
  if (row.path == "pipelines.*.receivers")
    return "[otlp, otlp]"; // the same: receivers that come are another matter
  return sample_of(s, row);
}

std::string path_of(const subject& s, const reference_row& row) {
  auto path = (s.section.empty() ? "" : s.section + ".") + s.name + "." + row.path;
  for (auto item = path.find("[]"); item != path.npos; item = path.find("[]"))
    path.replace(item, 2, "[0]");
  if (const auto star = path.find('*'); star != path.npos)
    path.replace(star, 1, "traces");
  return path;
}

difference_list differences(const subject& s, const loaded_config& one,
                            const loaded_config& other) {
  if (s.section.empty())
    return differing_blocks(one.source, other.source);
  return section_named(s.section).differences(*one.source.find(s.section, s.name),
                                              *other.source.find(s.section, s.name));
}

} // namespace

// Scenario: every option that works, of every component and block, in a node that uses it; another
// file differs in that option alone. Guarantee: it is what differs, by its path, and it is in the
// way of a reload where it is declared to need a restart, and only there.
BOOST_AUTO_TEST_CASE(every_option_is_taken_or_named) {
  std::size_t taken = 0, fixed = 0;
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      if (row.effect != effect::works || row.path.ends_with("not_sub_policy"))
        continue; // the latter has its options where policies have theirs
      const auto policy = policy_of(row.path);
      const auto use = use_of(s);
      const auto now = reading(use, file_with(s, nested(row.path, "", policy)));
      const auto wanted = reading(use, file_with(s, nested(row.path, sample_for(s, row), policy)));
      const auto path = path_of(s, row);
      BOOST_TEST_CONTEXT(path) {
        const auto found = differences(s, now, wanted);
        BOOST_REQUIRE(found.size() == 1u);
        BOOST_TEST(found[0].path == path);
        BOOST_TEST((found[0].change == row.change));
        std::vector<std::string> lines;
        if (row.change == change_by::restart)
          lines = {path + ": this cannot change while the node runs, restart it"};
        BOOST_TEST(needs_restart(now, wanted) == lines, boost::test_tools::per_element());
      }
      ++(row.change == change_by::restart ? fixed : taken);
    }
  BOOST_TEST(taken > 150u);
  BOOST_TEST(fixed > 70u);
}

BOOST_AUTO_TEST_SUITE_END()
