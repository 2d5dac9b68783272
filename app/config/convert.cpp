#include "app/config/convert.hpp"

#include "app/config/convert_cluster.hpp"

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
  switch (value.type) {
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

void comment(std::string& text, std::string_view heading, const std::vector<std::string>& notes) {
  if (notes.empty())
    return;
  text += fmt::format("# {}:\n", heading);
  for (const auto& note : notes) {
    text += "# - ";
    for (const char c : note)
      text += c == '\n' ? ' ' : c;
    text += '\n';
  }
}

std::string commented(const convert_notes& notes) {
  std::string text = "# Made by `weir config convert`.\n";
  comment(text, "Lost", notes.lost);
  comment(text, "Not needed any more", notes.not_needed);
  comment(text, "Changed", notes.changed);
  return text + "\n";
}

/// Where the data goes is nothing to leave to a default.
void add_storage(yaml_value& tree, convert_notes& notes) {
  if (tree.find("storage") != nullptr)
    return;
  const auto text = [](std::string_view written) {
    return yaml_value{.type = yaml_value::kind::scalar, .text = std::string(written)};
  };
  yaml_value storage{.type = yaml_value::kind::map};
  storage.entries.push_back({"directory", {}, text("/var/lib/weir")});
  storage.entries.push_back({"max_bytes", {}, text(print_size(storage::options{}.max_bytes))});
  tree.entries.push_back({"storage", {}, std::move(storage)});
  notes.changed.emplace_back(
      "storage: added: a directory on a disk that lasts, and room for what outages pile up");
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
  for (const auto& file : files)
    for (auto& tier : read_tiers(file, out))
      tiers.push_back(std::move(tier));
  if (!out.ok())
    return tl::unexpected(std::move(out));
  converted made;
  auto cluster = cluster_of(tiers, made.notes);
  auto tree = join_tiers(std::move(tiers), made.notes);
  if (!cluster.is_null())
    tree.entries.push_back({"cluster", {}, std::move(cluster)});
  add_storage(tree, made.notes);
  auto wrong = leave_out(tree, env, made.notes.lost);
  if (!wrong.ok())
    return tl::unexpected(std::move(wrong));
  made.yaml = commented(made.notes) + print_yaml(tree);
  return made;
}

} // namespace weir::app
