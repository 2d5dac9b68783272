#pragma once

#include "app/config.hpp"
#include "app/config/document.hpp"
#include "app/config/expand.hpp"
#include "core/error.hpp"

#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace weir::app {

/// A configuration without errors.
struct loaded_config {
  node_config config;
  document source;                  ///< For print-config.
  std::vector<diagnostic> warnings; ///< To be said once, at start.
};

/// Reads a configuration from the text of a file. Pure: what it learns from outside comes through
/// `env`. On failure everything that is wrong comes back, in file order, and the warnings.
tl::expected<loaded_config, diagnostics> load_config(const std::string& text,
                                                     const environment& env);

/// The text of a file of at most a megabyte or two; errc::not_found, errc::io or errc::too_large.
result<std::string> read_config_file(const std::string& path);

/// Puts a decoded document together: what pipelines name is looked up, shapes become what the
/// stages take. Reports what does not fit.
node_config link_document(decoder& reports, const document& source, const environment& env);

} // namespace weir::app
