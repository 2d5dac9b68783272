#pragma once

#include "app/config/expand.hpp"
#include "core/error.hpp"

#include <span>
#include <string>
#include <vector>

namespace weir::app {

/// One of the texts that a configuration is put together from.
struct config_source {
  std::string name;     ///< For messages: the file, "yaml", "env:X", "--set a.b".
  std::string text;     ///< YAML
  bool in_lines = true; ///< Whether line and column of the text help to find a place in it.
};

/// What `--config` (a path, or `file:`, `env:` or `yaml:` before what is meant) and `--set`
/// (`key=value`) name, in the order in which they are merged: the latter last, as with the
/// Collector (reference: opentelemetry.io, "Configuration", and its confmap package). Errors name
/// the argument.
result<std::vector<config_source>> read_sources(const std::vector<std::string>& configs,
                                                const std::vector<std::string>& settings,
                                                const environment& env);

/// Puts sources together: maps are merged, lists and all else replaced, what comes later wins. Keys
/// `a::b` at the top stand for `a: {b: ...}`. The sources' names go to `out`; what is not YAML is
/// reported there, and nothing comes back.
std::optional<yaml_value> merge_sources(std::span<const config_source> sources, diagnostics& out);

} // namespace weir::app
