#pragma once

#include "app/config/load.hpp"

#include <string>
#include <vector>

namespace weir::app {

/// One file made of several.
struct converted {
  std::string yaml;                ///< With `losses` as comments at its head.
  std::vector<std::string> losses; ///< What was not carried over and why, a line each.
};

/// Makes one Weir configuration out of a Collector set-up in two tiers: pipelines that end in a
/// `loadbalancing` exporter go on with those behind it, in another of the files or in the same one.
/// References such as `${env:X}` stay as they are. What Weir does not know is left out and named.
/// On failure: why no valid configuration came out of it.
tl::expected<converted, diagnostics> convert(std::span<const config_source> files,
                                             const environment& env);

// Its parts.

/// A tier of the set-up: one file, parsed.
struct tier {
  std::string name; ///< Of its file.
  yaml_value tree;  ///< A map.
};

/// Joins the tiers into one tree.
yaml_value join_tiers(std::vector<tier> tiers, std::vector<std::string>& losses);

/// Takes out of the tree what cannot be loaded, piece by piece; what remains wrong comes back.
diagnostics leave_out(yaml_value& tree, const environment& env, std::vector<std::string>& losses);

/// A tree as YAML: maps and lists in block style, references as they are.
std::string print_yaml(const yaml_value& tree);

} // namespace weir::app
