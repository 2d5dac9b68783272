#pragma once

#include "support.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

// Every component and block with its option table, for tests that go over all options.
namespace weir::app::test {

/// A component or a block with its table, whatever its type.
struct subject {
  std::string section; ///< "exporters"; of a block: ""
  std::string name;    ///< The type, or the block's key.
  std::vector<reference_row> rows;
  /// Decodes, and prints what came out.
  std::function<std::string(decoder&, const yaml_value&)> read_and_print;
};

std::vector<subject> all_subjects();

/// A value, not the default, that an option takes: as YAML.
std::string sample_of(const subject& s, const reference_row& row);

/// YAML that has `leaf` at `path`; without a leaf: everything around it.
std::string nested(const std::string& path, const std::string& leaf, const std::string& policy);

/// "policies[].latency.threshold_ms" -> "latency": the type that its policy has to have.
std::string policy_of(const std::string& path);

/// The scalars below a value, by path.
void flatten(const yaml_value& value, const std::string& path,
             std::map<std::string, std::string>& out);

struct outcome {
  diagnostics said;
  std::map<std::string, std::string> printed;
};

outcome decode(const subject& s, const std::string& yaml);
outcome decode(const subject& s, const yaml_value& tree);

/// Whether one of them is about the option.
bool speaks_of(const std::vector<diagnostic>& list, std::string path);

/// Where print-config has an option's value.
std::string expected_path(const reference_row& row);

bool is_heading(const reference_row& row);

/// The names in backquotes of a type's text.
std::vector<std::string> names_in(const std::string& type);

} // namespace weir::app::test
