#include "app/config/convert.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <yaml-cpp/emitter.h>
#include <yaml-cpp/emittermanip.h>

namespace weir::app {

namespace {

/// Whether a text has to be in quotes to be that text again.
bool needs_quotes(const yaml_value& value) {
  const auto& text = value.text;
  return !value.plain
         && (type_of(text) != scalar_type::text
             || text.find_first_of("\n\t\"'#:{}[],&*!|>%@`\\") != text.npos || text.starts_with('-')
             || text.starts_with('?') || text.starts_with(' ') || text.ends_with(' '));
}

void emit(YAML::Emitter& yaml, const yaml_value& value) {
  switch (value.what) {
  case yaml_value::kind::null:
    yaml << YAML::Null;
    break;
  case yaml_value::kind::scalar:
    if (needs_quotes(value))
      yaml << YAML::DoubleQuoted;
    yaml << value.text;
    break;
  case yaml_value::kind::list:
    if (std::all_of(value.items.begin(), value.items.end(),
                    [](const auto& item) { return item.is_scalar(); }))
      yaml << YAML::Flow;
    yaml << YAML::BeginSeq;
    for (const auto& item : value.items)
      emit(yaml, item);
    yaml << YAML::EndSeq;
    break;
  case yaml_value::kind::map:
    yaml << YAML::BeginMap;
    for (const auto& entry : value.entries) {
      yaml << YAML::Key << entry.key << YAML::Value;
      emit(yaml, entry.value);
    }
    yaml << YAML::EndMap;
    break;
  }
}

std::string commented(const std::vector<std::string>& losses) {
  std::string text = "# Made by `weir config convert`.\n";
  if (losses.empty())
    return text + "\n";
  text += "# Not carried over, or changed:\n";
  for (const auto& loss : losses) {
    text += "# - ";
    for (const char c : loss)
      text += c == '\n' ? ' ' : c;
    text += '\n';
  }
  return text + "\n";
}

} // namespace

std::string print_yaml(const yaml_value& tree) {
  YAML::Emitter yaml;
  yaml.SetNullFormat(YAML::EMITTER_MANIP::TildeNull);
  emit(yaml, tree);
  return std::string(yaml.c_str()) + "\n";
}

tl::expected<converted, diagnostics> convert(std::span<const config_source> files,
                                             const environment& env) {
  diagnostics out;
  std::vector<tier> tiers;
  for (const auto& file : files) {
    const auto source = static_cast<std::uint32_t>(out.sources.size());
    out.sources.push_back(file.name);
    auto tree = parse_yaml(file.text, out, {}, source);
    if (!tree)
      continue;
    if (tree->is_map())
      tiers.push_back({file.name, *std::move(tree)});
    else
      out.error(tree->where, "", fmt::format("found {}, expected a map", describe(*tree)));
  }
  if (!out.ok())
    return tl::unexpected(std::move(out));
  converted made;
  auto tree = join_tiers(std::move(tiers), made.losses);
  auto wrong = leave_out(tree, env, made.losses);
  if (!wrong.ok())
    return tl::unexpected(std::move(wrong));
  made.yaml = commented(made.losses) + print_yaml(tree);
  return made;
}

} // namespace weir::app
