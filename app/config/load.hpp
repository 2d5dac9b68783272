#pragma once

#include "app/config.hpp"
#include "app/config/document.hpp"
#include "app/config/expand.hpp"
#include "app/config/sources.hpp"
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
  std::vector<std::string> sources; ///< Their names, by place::source.
};

/// What becomes of shapes that the Collector has given up, or never had.
enum class spelling : std::uint8_t {
  lenient, ///< They are read, with a warning that has today's spelling.
  strict,  ///< They are errors.
};

/// Reads a configuration from its sources. Pure: what it learns from outside comes through `env`.
/// On failure everything that is wrong comes back, in the order of the sources, and the warnings.
/// `seeds`: addresses that the command line adds to `cluster.join`.
tl::expected<loaded_config, diagnostics> load_config(std::span<const config_source> sources,
                                                     const environment& env,
                                                     spelling mode = spelling::lenient,
                                                     std::span<const std::string> seeds = {});

/// The same for the text of one file.
tl::expected<loaded_config, diagnostics> load_config(const std::string& text,
                                                     const environment& env);

/// `storage.directory` alone, of sources that may be wrong elsewhere; "" where they cannot be read
/// far enough.
std::string storage_directory(std::span<const config_source> sources, const environment& env);

/// The text of a file of at most a megabyte or two; errc::not_found, errc::io or errc::too_large.
result<std::string> read_config_file(const std::string& path);

/// Rewrites shapes that the Collector has given up, or that never were its own, into today's. Each
/// is one warning with the old path, the new one and since when; `strict`: an error.
void modernise(yaml_value& tree, spelling mode, diagnostics& out);

/// Puts a decoded document together: what pipelines name is looked up, shapes become what the
/// stages take. Reports what does not fit.
node_config link_document(decoder& reports, const document& source, const environment& env);

} // namespace weir::app
