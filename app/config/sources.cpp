#include "app/config/sources.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unordered_map>

namespace weir::app {

namespace {

constexpr std::size_t max_sources = 100;
constexpr std::string_view separator = "::";

void merge(yaml_value& base, yaml_value&& overlay) {
  if (!base.is_map() || !overlay.is_map()) {
    base = std::move(overlay);
    return;
  }
  std::unordered_map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < base.entries.size(); ++i)
    known.emplace(base.entries[i].key, i);
  for (auto& entry : overlay.entries) {
    const auto [found, is_new] = known.try_emplace(entry.key, base.entries.size());
    if (is_new) {
      base.entries.push_back(std::move(entry));
      continue;
    }
    auto& old = base.entries[found->second];
    if (!old.value.is_map() || !entry.value.is_map())
      old.position = entry.position;
    merge(old.value, std::move(entry.value));
  }
}

/// `a::b: x` as `a: {b: x}`.
yaml_value nested(yaml_entry&& entry) {
  const yaml_value parent{.type = yaml_value::kind::map, .position = entry.position};
  const auto split = entry.key.find(separator);
  auto made = parent;
  if (split == std::string::npos) {
    made.entries.push_back(std::move(entry));
    return made;
  }
  auto inner =
      nested({entry.key.substr(split + separator.size()), entry.position, std::move(entry.value)});
  made.entries.push_back({entry.key.substr(0, split), entry.position, std::move(inner)});
  return made;
}

/// @pre `tree` is a map
yaml_value with_keys_split(yaml_value tree) {
  const auto split = [](const yaml_entry& e) { return e.key.find(separator) != e.key.npos; };
  if (std::none_of(tree.entries.begin(), tree.entries.end(), split))
    return tree;
  yaml_value made{.type = yaml_value::kind::map, .position = tree.position};
  for (auto& entry : tree.entries)
    merge(made, nested(std::move(entry)));
  return made;
}

void forget_lines(yaml_value& value, std::uint32_t source) {
  value.position = {.source = source};
  for (auto& item : value.items)
    forget_lines(item, source);
  for (auto& entry : value.entries) {
    entry.position = {.source = source};
    forget_lines(entry.value, source);
  }
}

/// "file" in "file:weir.yaml"; "" where there is no scheme.
std::string_view scheme_of(std::string_view uri) {
  const auto colon = uri.find(':');
  if (colon == uri.npos || colon < 2)
    return {};
  const auto scheme = uri.substr(0, colon);
  const auto is_letter = [](unsigned char c) { return std::isalnum(c) != 0; };
  return std::all_of(scheme.begin(), scheme.end(), is_letter) ? scheme : std::string_view{};
}

result<config_source> read_source(const std::string& uri, const environment& env) {
  const auto scheme = scheme_of(uri);
  const auto rest = uri.substr(scheme.empty() ? 0 : scheme.size() + 1);
  if (scheme == "yaml")
    return config_source{"yaml", rest};
  if (scheme == "env") {
    const auto value = env.variable(rest);
    if (!value)
      return fail(errc::not_found, fmt::format("the environment variable `{}` is not set", rest));
    return config_source{uri, *value};
  }
  if (!scheme.empty() && scheme != "file")
    return fail(errc::invalid_argument,
                fmt::format("found the source {} in {}, expected a path, or `file:`, `env:` or "
                            "`yaml:` with what is meant behind it",
                            quoted(scheme), quoted(uri)));
  auto text = env.file(rest);
  if (!text)
    return tl::unexpected(text.error());
  return config_source{rest, *std::move(text)};
}

result<config_source> read_setting(const std::string& setting) {
  const auto equals = setting.find('=');
  const auto key = setting.substr(0, equals);
  if (equals == std::string::npos || key.empty() || key.starts_with('.') || key.ends_with('.')
      || key.find("..") != std::string::npos)
    return fail(errc::invalid_argument,
                fmt::format("found {} behind --set, expected key=value such as "
                            "`exporters.otlp.endpoint=tempo:4317`",
                            quoted(key)));
  std::string path;
  for (const char c : key)
    path += c == '.' ? std::string(separator) : std::string(1, c);
  return config_source{"--set " + key, path + ": " + setting.substr(equals + 1), false};
}

} // namespace

result<std::vector<config_source>> read_sources(const std::vector<std::string>& configs,
                                                const std::vector<std::string>& settings,
                                                const environment& env) {
  if (configs.size() + settings.size() > max_sources)
    return fail(errc::invalid_argument, fmt::format("found {} configurations and settings, "
                                                    "expected at most {}",
                                                    configs.size() + settings.size(), max_sources));
  std::vector<config_source> sources;
  const auto add = [&sources](result<config_source> read) -> result<void> {
    if (!read)
      return tl::unexpected(read.error());
    sources.push_back(*std::move(read));
    return {};
  };
  for (const auto& uri : configs)
    if (auto added = add(read_source(uri, env)); !added)
      return tl::unexpected(added.error());
  for (const auto& setting : settings)
    if (auto added = add(read_setting(setting)); !added)
      return tl::unexpected(added.error());
  return sources;
}

std::optional<yaml_value> merge_sources(std::span<const config_source> sources, diagnostics& out) {
  yaml_value merged;
  bool readable = true;
  for (const auto& source : sources) {
    const auto number = static_cast<std::uint32_t>(out.sources.size());
    out.sources.push_back(source.name);
    auto tree = parse_yaml(source.text, out, {}, number);
    readable &= tree.has_value();
    if (!tree || tree->is_null())
      continue;
    if (!source.in_lines)
      forget_lines(*tree, number);
    if (!tree->is_map()) {
      out.error(tree->position, "",
                fmt::format("found {}, expected a map of receivers, exporters, service and so on",
                            describe(*tree)));
      readable = false;
      continue;
    }
    auto split = with_keys_split(*std::move(tree));
    if (merged.is_null())
      merged = std::move(split);
    else
      merge(merged, std::move(split));
  }
  return readable ? std::optional(std::move(merged)) : std::nullopt;
}

} // namespace weir::app
