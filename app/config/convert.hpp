#pragma once

#include "app/config/load.hpp"

#include <string>
#include <vector>

namespace weir::app {

/// What became of the parts of a set-up that are not in the result as they were: a line each.
struct convert_notes {
  std::vector<std::string> lost;       ///< Weir does not have it: someone has to look.
  std::vector<std::string> not_needed; ///< A node does it by itself, or nothing would come through.
  std::vector<std::string> changed;    ///< It has another name here, or was added.
};

/// One file made of several.
struct converted {
  std::string yaml; ///< With `notes` as comments at its head.
  convert_notes notes;
};

/// Makes one Weir configuration out of a Collector set-up in two tiers: pipelines that end in a
/// `loadbalancing` exporter go on with those behind it, in another of the files or in the same one.
/// A file may also hold Kubernetes manifests: of the Operator's OpenTelemetryCollector resources
/// and of ConfigMaps, what they hold for Collectors is read. References such as `${env:X}` stay as
/// they are. What Weir does not know is left out and named. On failure: why no valid configuration
/// came out of it.
tl::expected<converted, diagnostics> convert(std::span<const config_source> files,
                                             const environment& env);

// Its parts.

/// A tier of the set-up: one file, parsed.
struct tier {
  std::string name; ///< Of its file.
  yaml_value tree;  ///< A map.
};

/// The tiers that a file holds: itself, or those in its Kubernetes manifests. Adds to out.sources.
std::vector<tier> read_tiers(const config_source& file, diagnostics& out);

/// Joins the tiers into one tree.
yaml_value join_tiers(std::vector<tier> tiers, convert_notes& notes);

/// Takes out of the tree what cannot be loaded, piece by piece; what remains wrong comes back.
diagnostics leave_out(yaml_value& tree, const environment& env, std::vector<std::string>& lost);

/// A tree as YAML: maps and lists in block style, references as they are.
std::string print_yaml(const yaml_value& tree);

} // namespace weir::app
