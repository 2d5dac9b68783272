#include "subjects.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>
#include <yaml-cpp/emitter.h>

namespace weir::app::test {

namespace {

template <class T>
subject block(std::string name, table_of<T> table) {
  subject made{"", std::move(name), rows_of(table()), nullptr};
  made.read_and_print = [table](decoder& reports, const yaml_value& value) {
    T config = table().defaults;
    read_table(reports, table(), value, "it", config);
    YAML::Emitter yaml;
    print_table(yaml, table(), config);
    return std::string(yaml.c_str());
  };
  return made;
}

} // namespace

std::vector<subject> all_subjects() {
  std::vector<subject> all;
  for (const auto& section : component_sections())
    for (const auto& type : section.types) {
      subject made{std::string(section.key), std::string(type.names[0]), section.rows_of(type),
                   nullptr};
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
  all.push_back(block("cluster", &cluster_options));
  all.push_back(block("admin", &admin_options));
  return all;
}

namespace {

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

/// The last of the names in backquotes that is not the default.
std::string another_name(const reference_row& row) {
  const auto names = names_in(row.type);
  const auto found = std::find_if(names.rbegin(), names.rend(),
                                  [&](const auto& name) { return name != row.fallback; });
  BOOST_REQUIRE(found != names.rend());
  return *found;
}

/// What stands behind `word` in "whole number, 1 to 1024; required".
std::string bound(const std::string& type, const std::string& word) {
  const auto found = type.find(word);
  if (found == std::string::npos)
    return {};
  const auto rest = type.substr(found + word.size());
  return rest.substr(0, rest.find(';'));
}

} // namespace

std::string sample_of(const subject& s, const reference_row& row) {
  if (s.name == "admin" && row.path == "endpoint")
    return "\"127.0.0.1:77\""; // elsewhere it would not be without TLS
  if (ends_with_any(row.path, {"listen", "advertise"}))
    return "\"h:77\"";
  if (row.path == "join")
    return "[\"h:77\"]";
  if (ends_with_any(row.path, {"endpoint", "address"}))
    return s.name == "otlphttp" ? "\"http://h:77\"" : "\"h:77\"";
  if (ends_with_any(row.path, {"endpoints"}))
    return s.name == "otlphttp" ? "[\"http://h:77\"]" : "[\"h:77\"]";
  if (ends_with_any(row.path, {"_url_path", "path"}))
    return "/x7";
  if (ends_with_any(row.path, {"explicit.buckets"}))
    return "[57ms]";
  if (ends_with_any(row.path, {"table[].statement"}))
    return "route() where true";
  // Together they have to fit into an entry.
  if (ends_with_any(row.path, {"max_span_bytes"}))
    return "1984KiB";
  if (ends_with_any(row.path, {"max_envelope_bytes"}))
    return "999KiB";
  if (ends_with_any(row.path, {"permanent_codes"}))
    return s.name == "otlphttp" ? "[503]" : "[ABORTED]";
  if (row.path == "drain.share")
    return "33%";
  if (row.path == "drain.max_rate")
    return "7MB/s";
  if (row.path == "start_at")
    return "beginning";
  if (row.type.starts_with("`"))
    return "\"" + another_name(row) + "\"";
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

outcome decode(const subject& s, const std::string& yaml) {
  outcome done;
  const auto tree = parse_yaml(yaml, done.said);
  BOOST_REQUIRE_MESSAGE(tree && done.said.ok(), yaml);
  return decode(s, *tree);
}

outcome decode(const subject& s, const yaml_value& tree) {
  outcome done;
  decoder reports{done.said};
  const auto text = s.read_and_print(reports, tree);
  diagnostics ignored;
  const auto printed = parse_yaml(text, ignored);
  BOOST_REQUIRE_MESSAGE(printed && ignored.ok(), text);
  flatten(*printed, "", done.printed);
  return done;
}

bool speaks_of(const std::vector<diagnostic>& list, std::string path) {
  for (auto found = path.find("[]"); found != std::string::npos; found = path.find("[]"))
    path.replace(found, 2, "[0]");
  if (const auto star = path.find('*'); star != std::string::npos)
    path.replace(star, 1, "traces");
  for (const auto& d : list)
    if (d.path == "it." + path)
      return true;
  return false;
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

std::vector<std::string> names_in(const std::string& type) {
  std::vector<std::string> names;
  for (auto open = type.find('`'); open != std::string::npos;) {
    const auto close = type.find('`', open + 1);
    names.push_back(type.substr(open + 1, close - open - 1));
    open = type.find('`', close + 1);
  }
  return names;
}

} // namespace weir::app::test
