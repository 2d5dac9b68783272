#include "app/config/load.hpp"

#include "app/config/seeds.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace weir::app {

tl::expected<loaded_config, diagnostics> load_config(const std::string& text,
                                                     const environment& env) {
  const config_source source{"", text};
  return load_config(std::span(&source, 1), env);
}

tl::expected<loaded_config, diagnostics> load_config(std::span<const config_source> sources,
                                                     const environment& env, spelling mode,
                                                     std::span<const std::string> seeds) {
  diagnostics out;
  auto tree = merge_sources(sources, out);
  if (tree && tree->find("apiVersion") != nullptr && tree->find("kind") != nullptr) {
    out.error(tree->position, "",
              "found a Kubernetes manifest, expected a configuration: `weir config convert` reads "
              "what manifests hold");
    tree.reset();
  }
  loaded_config loaded;
  if (tree) {
    expand(*tree, env, out);
    add_seeds(*tree, seeds, out);
    modernise(*tree, mode, out);
    decoder reports{out};
    loaded.source = read_document(reports, *tree);
    loaded.config = link_document(reports, loaded.source, env);
    for (auto& pipeline : loaded.source.service.pipelines)
      pipeline.source = nullptr;
  }
  out.sort();
  if (!out.ok())
    return tl::unexpected(std::move(out));
  loaded.warnings = std::move(out.warnings);
  loaded.sources = std::move(out.sources);
  return loaded;
}

std::string storage_directory(std::span<const config_source> sources, const environment& env) {
  diagnostics ignored;
  auto tree = merge_sources(sources, ignored);
  if (!tree)
    return {};
  expand(*tree, env, ignored);
  decoder reports{ignored};
  storage_config read;
  if (const auto* storage = tree->find("storage"))
    read_table(reports, storage_options(), storage->value, "storage", read);
  return read.database.directory;
}

result<std::string> read_config_file(const std::string& path) {
  std::error_code problem;
  if (std::filesystem::is_directory(path, problem))
    return fail(errc::io, fmt::format("{}: found a directory, expected a file", path));
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return fail(errno == ENOENT ? errc::not_found : errc::io,
                fmt::format("{}: {}", path, std::strerror(errno)));
  const auto limit =
      yaml_limits{}.max_text + 1; // one more, so that parse_yaml sees that it is over
  std::string text(limit, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad())
    return fail(errc::io, fmt::format("{}: {}", path, std::strerror(errno)));
  return text;
}

} // namespace weir::app
