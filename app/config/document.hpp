#pragma once

#include "app/config/components.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weir::app {

/// A configuration file, decoded: every component by its own table, not yet put together.
struct document {
  std::vector<component> receivers, processors, exporters, extensions, connectors;
  service_shape service;
  storage_config storage;
  sampling_limits sampling;
  std::optional<cluster::cluster_settings> cluster;
  admin_config admin;
  bool directory_given = false; ///< `storage.directory` stands in the file.

  /// The components of "receivers", "processors", "exporters", "connectors" or "extensions".
  std::vector<component>& components_of(std::string_view section);
  const std::vector<component>& components_of(std::string_view section) const;
  /// nullptr: there is none.
  const component* find(std::string_view section, std::string_view id) const;
};

/// Decodes a tree in which references are replaced and old shapes rewritten already.
/// @pre it is a map, or null
document read_document(decoder& reports, const yaml_value& tree);

/// The document as YAML: every option that works, with its value, in today's spelling; secrets
/// masked.
std::string print_document(const document& d);

/// What differs in the blocks `service`, `storage`, `sampling`, `cluster` and `admin`.
difference_list differing_blocks(const document& now, const document& wanted);

/// docs/configuration.md: every option that any table knows.
std::string print_reference();

/// The end of docs/reload.md: which options a reload takes, and which need a restart.
std::string print_reload_reference();

} // namespace weir::app
