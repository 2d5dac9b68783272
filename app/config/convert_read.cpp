#include "app/config/convert_stage.hpp"

#include <fmt/format.h>

// Finds the Collectors' configurations in files: plain ones, and Kubernetes manifests.
namespace weir::app {

namespace {

std::string text_at(const yaml_value& map, std::initializer_list<std::string_view> keys) {
  const auto* found = find_below(map, keys);
  return found == nullptr ? std::string{} : found->text;
}

bool is_manifest(const yaml_value& document) {
  return document.find("apiVersion") != nullptr && document.find("kind") != nullptr;
}

bool looks_like_a_configuration(const yaml_value& tree) {
  return tree.is_map() && tree.find("service") != nullptr
         && (tree.find("receivers") != nullptr || tree.find("exporters") != nullptr);
}

class reader {
public:
  reader(const std::string& file, diagnostics& out) : file_(file), out_(out) {}

  std::vector<tier> tiers;

  void manifest(const yaml_value& resource) {
    const auto kind = text_at(resource, {"kind"});
    if (kind == "OpenTelemetryCollector")
      operator_resource(resource);
    else if (kind == "ConfigMap")
      config_map(resource);
    else if (const auto* items = find_below(resource, {"items"}); kind.ends_with("List") && items)
      for (const auto& item : items->items)
        manifest(item);
  }

private:
  std::string name_of(const yaml_value& resource) const {
    return fmt::format("{} ({} {})", file_, text_at(resource, {"kind"}),
                       text_at(resource, {"metadata", "name"}));
  }

  /// Its configuration is a map (v1beta1) or a text (v1alpha1).
  void operator_resource(const yaml_value& resource) {
    const auto* config = find_below(resource, {"spec", "config"});
    if (config == nullptr)
      return out_.error(resource.position, "spec.config", "found no configuration in the resource");
    if (config->is_map())
      tiers.push_back({name_of(resource), *config});
    else if (auto tree = written_inside(*config, name_of(resource)))
      tiers.push_back({name_of(resource), *std::move(tree)});
  }

  /// Whatever among its texts is a Collector's configuration.
  void config_map(const yaml_value& resource) {
    const auto* data = find_below(resource, {"data"});
    if (data == nullptr)
      return;
    for (const auto& entry : data->entries) {
      diagnostics ignored;
      const auto seen = parse_yaml(entry.value.text, ignored);
      if (!seen || !looks_like_a_configuration(*seen))
        continue;
      const auto name = fmt::format("{}, {}", name_of(resource), entry.key);
      if (auto tree = written_inside(entry.value, name))
        tiers.push_back({name, *std::move(tree)});
    }
  }

  /// YAML inside YAML: what is wrong with it is told by the lines of the inner text.
  std::optional<yaml_value> written_inside(const yaml_value& text, const std::string& name) {
    const auto source = static_cast<std::uint32_t>(out_.sources.size());
    out_.sources.push_back(name);
    auto tree = parse_yaml(text.text, out_, {}, source);
    if (tree && !tree->is_map()) {
      out_.error(text.position, "", fmt::format("found {}, expected a map", describe(*tree)));
      return std::nullopt;
    }
    return tree;
  }

  const std::string& file_;
  diagnostics& out_;
};

} // namespace

std::vector<tier> read_tiers(const config_source& file, diagnostics& out) {
  const auto source = static_cast<std::uint32_t>(out.sources.size());
  out.sources.push_back(file.name);
  const auto documents = parse_yaml_documents(file.text, out, source);
  reader found(file.name, out);
  for (const auto& document : documents)
    if (is_manifest(document))
      found.manifest(document);
  if (!out.ok())
    return {};
  if (documents.empty() || is_manifest(documents.front())) {
    if (found.tiers.empty())
      out.error({.source = source}, "", "found no Collector's configuration in it");
    return std::move(found.tiers);
  }
  const auto& tree = documents.front(); // as a Collector reads it: the first one alone
  if (!tree.is_map())
    out.error(tree.position, "", fmt::format("found {}, expected a map", describe(tree)));
  return {{file.name, tree}};
}

} // namespace weir::app
