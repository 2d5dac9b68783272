#pragma once

#include "app/config/yaml.hpp"
#include "core/error.hpp"

#include <functional>
#include <optional>
#include <string>

namespace weir::app {

/// Why nothing stands for a file where nobody said how to read it.
inline result<std::string> no_file(const std::string& path) {
  return fail(errc::not_found, path + ": files are not read here");
}

/// What the configuration may learn from outside; handed in, so that reading it stays pure.
struct environment {
  /// The value of an environment variable; absent when it is not set.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  /// Why a file that the configuration names cannot be read, or "". Not set: files are not checked.
  std::function<std::string(const std::string& path)> unreadable = nullptr;
  /// The text of a file that is part of the configuration; the error names the file.
  std::function<result<std::string>(const std::string& path)> file = no_file;
};

/// The process's environment, and its files when `check_files` is set.
environment process_environment(bool check_files);

/// Replaces `${env:X}`, `${X}`, `${env:X:-default}`, `${file:path}` and `${yaml:...}` in all values
/// of the tree, as the Collector does (reference: opentelemetry.io, "Configuration", environment
/// variables, and its confmap providers): a value that is one reference takes the type of what is
/// put in, also a list or a map, and is that text where an option wants text; inside a longer text
/// it is text. A file's values keep their places
/// in that file; its last line end is no part of a text.
/// `$$` is a `$`. A variable that is not set and has no default is nothing, with a warning; a bare
/// `$X` stays as it is, with a warning. References may stand in what was put in, 16 deep.
void expand(yaml_value& tree, const environment& env, diagnostics& out);

} // namespace weir::app
