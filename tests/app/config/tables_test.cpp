#include "support.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <functional>
#include <map>
#include <set>
#include <yaml-cpp/emitter.h>

BOOST_AUTO_TEST_SUITE(tables_test)

using namespace weir::app;

namespace {

/// A component or a block with its table, whatever its type.
struct subject {
  std::string name;
  std::vector<reference_row> rows;
  /// Decodes, and prints what came out.
  std::function<std::string(decoder&, const yaml_value&)> read_and_print;
};

template <class T>
subject block(std::string name, table_of<T> table) {
  subject made{std::move(name), {}, nullptr};
  describe_table(made.rows, table(), "", table().defaults);
  made.read_and_print = [table](decoder& reports, const yaml_value& value) {
    T config = table().defaults;
    read_table(reports, table(), value, "it", config);
    YAML::Emitter yaml;
    print_table(yaml, table(), config);
    return std::string(yaml.c_str());
  };
  return made;
}

std::vector<subject> all_subjects() {
  std::vector<subject> all;
  for (const auto& section : component_sections())
    for (const auto& type : section.types) {
      subject made{std::string(type.names[0]), {}, nullptr};
      type.describe(made.rows);
      made.read_and_print = [&type](decoder& reports, const yaml_value& value) {
        YAML::Emitter yaml;
        type.print(yaml, type.read(reports, value, "it"));
        return std::string(yaml.c_str());
      };
      all.push_back(std::move(made));
    }
  all.push_back(block("service", &service_options));
  all.push_back(block("storage", &storage_options));
  all.push_back(block("sampling", &sampling_options));
  all.push_back(block("admin", &admin_options));
  return all;
}

bool ends_with_any(const std::string& text, std::initializer_list<const char*> ends) {
  for (const auto* end : ends)
    if (text.ends_with(end))
      return true;
  return false;
}

/// The last name in backquotes of a type's text.
std::string last_name(const std::string& type) {
  const auto end = type.rfind('`');
  const auto start = type.rfind('`', end - 1);
  return type.substr(start + 1, end - start - 1);
}

/// What stands behind `word` in "whole number, 1 to 1024; required".
std::string bound(const std::string& type, const std::string& word) {
  const auto at = type.find(word);
  if (at == std::string::npos)
    return {};
  const auto rest = type.substr(at + word.size());
  return rest.substr(0, rest.find(';'));
}

/// A value, not the default, that an option takes: as YAML.
std::string sample_of(const subject& s, const reference_row& row) {
  if (ends_with_any(row.path, {"endpoint", "address"}))
    return s.name == "otlphttp" ? "\"http://h:77\"" : "\"h:77\"";
  if (ends_with_any(row.path, {"endpoints"}))
    return s.name == "otlphttp" ? "[\"http://h:77\"]" : "[\"h:77\"]";
  if (ends_with_any(row.path, {"_url_path", "path"}))
    return "/x7";
  if (row.type.starts_with("`"))
    return "\"" + last_name(row.type) + "\"";
  if (row.type.starts_with("list of `"))
    return "[" + last_name(row.type) + "]";
  if (row.type.starts_with("truth value"))
    return row.fallback == "true" ? "false" : "true";
  if (row.type.starts_with("list of conditions"))
    return R"(['resource.attributes["a"] == nil'])";
  if (row.type.starts_with("list of statements"))
    return R"(['set(resource.attributes["a"], 1)'])";
  if (row.type.starts_with("list of texts"))
    return "[text7]";
  if (row.type.starts_with("map of texts"))
    return "{k: text7}";
  if (row.type.starts_with("text"))
    return "text7";
  if (row.type.starts_with("size, at least"))
    return "999MiB";
  for (const auto* word : {" to ", "at most ", "at least "})
    if (const auto found = bound(row.type, word); !found.empty() && found != row.fallback)
      return found;
  if (row.type.starts_with("duration"))
    return "57s";
  return row.type.starts_with("size") ? "999MiB" : "9999";
}

/// YAML that has `leaf` at `path`; without a leaf: everything around it.
std::string nested(const std::string& path, const std::string& leaf, const std::string& policy) {
  const auto dot = path.find('.');
  auto key = path.substr(0, dot);
  const bool list = key.ends_with("[]");
  if (list)
    key.resize(key.size() - 2);
  if (key == "*")
    key = "traces";
  std::string inner = leaf;
  if (dot != std::string::npos)
    inner = nested(path.substr(dot + 1), leaf, policy);
  else if (leaf.empty())
    return "{}";
  const auto type = key == "policies" && !policy.empty() ? "type: " + policy + ", " : "";
  if (list && !type.empty())
    inner = "{" + type + inner.substr(1);
  return fmt::format("{{{}: {}}}", key, list ? "[" + inner + "]" : inner);
}

/// "policies[].latency.threshold_ms" -> "latency": the type that its policy has to have.
std::string policy_of(const std::string& path) {
  const std::string head = "policies[].";
  const auto dot = path.find('.', head.size());
  return path.starts_with(head) && dot != std::string::npos
             ? path.substr(head.size(), dot - head.size())
             : std::string{};
}

void flatten(const yaml_value& value, const std::string& path,
             std::map<std::string, std::string>& out) {
  if (value.is_scalar())
    out[path] = value.text;
  for (const auto& entry : value.entries)
    flatten(entry.value, path.empty() ? entry.key : path + "." + entry.key, out);
  for (std::size_t i = 0; i < value.items.size(); ++i)
    flatten(value.items[i], path + "[]", out);
}

struct outcome {
  diagnostics said;
  std::map<std::string, std::string> printed;
};

outcome decode(const subject& s, const std::string& yaml) {
  outcome done;
  const auto tree = parse_yaml(yaml, done.said);
  BOOST_REQUIRE_MESSAGE(tree && done.said.ok(), yaml);
  decoder reports{done.said};
  const auto text = s.read_and_print(reports, *tree);
  diagnostics ignored;
  const auto printed = parse_yaml(text, ignored);
  BOOST_REQUIRE_MESSAGE(printed && ignored.ok(), text);
  flatten(*printed, "", done.printed);
  return done;
}

bool speaks_of(const std::vector<diagnostic>& list, std::string path) {
  for (auto at = path.find("[]"); at != std::string::npos; at = path.find("[]"))
    path.replace(at, 2, "[0]");
  if (const auto star = path.find('*'); star != std::string::npos)
    path.replace(star, 1, "traces");
  for (const auto& d : list)
    if (d.path == "it." + path)
      return true;
  return false;
}

/// The printed paths whose values differ between two outcomes.
std::set<std::string> changed(const outcome& a, const outcome& b) {
  std::set<std::string> paths;
  for (const auto& [path, text] : b.printed)
    if (const auto found = a.printed.find(path); found == a.printed.end() || found->second != text)
      paths.insert(path);
  return paths;
}

std::string expected_path(const reference_row& row) {
  auto path = row.path;
  if (const auto star = path.find('*'); star != std::string::npos)
    path.replace(star, 1, "traces");
  if (row.type.starts_with("list of"))
    return path + "[]";
  return row.type.starts_with("map of texts") ? path + ".k" : path;
}

bool is_heading(const reference_row& row) {
  return row.type == "a map" || row.type == "a list";
}

} // namespace

// Scenario: every option of every table that works, set to something else than its default.
// Guarantee: it is taken, and print-config shows it (or that it is masked) at its own path and
// changes nothing else.
BOOST_AUTO_TEST_CASE(options_that_work_are_taken) {
  std::size_t tried = 0;
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      if (row.what != effect::works || is_heading(row) || row.path == "policies[].type")
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
      if (row.what == effect::works)
        continue;
      const auto yaml = nested(row.path, "text7", policy_of(row.path));
      BOOST_TEST_CONTEXT(s.name << ": " << yaml) {
        const auto done = decode(s, yaml);
        BOOST_TEST(
            speaks_of(row.what == effect::none ? done.said.warnings : done.said.errors, row.path));
      }
    }
}

// Scenario: a refused option that asks for nothing. Guarantee: it passes, as it does in a
// Collector.
BOOST_AUTO_TEST_CASE(refused_options_may_be_empty) {
  for (const auto* value : {"", "[]", "{}", "false", "\"\""})
    BOOST_TEST(test::errors_of(test::minimal(fmt::format("connectors: {}\n", value))).empty(),
               value);
}

// Scenario: every default in the tables, where it has bounds or names. Guarantee: it keeps to them.
BOOST_AUTO_TEST_CASE(defaults_keep_their_own_rules) {
  for (const auto& s : all_subjects())
    for (const auto& row : s.rows) {
      if (row.what != effect::works || row.fallback.empty() || row.fallback == "0"
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
