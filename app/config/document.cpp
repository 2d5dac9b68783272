#include "app/config/document.hpp"

#include "app/config/option_group.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <yaml-cpp/emitter.h>

namespace weir::app {

namespace {

constexpr std::array<std::string_view, 10> top_level{
    "receivers", "processors", "exporters", "connectors", "extensions",
    "service",   "storage",    "sampling",  "cluster",    "admin",
};

template <class T>
void read_block(decoder& reports, const yaml_value& tree, std::string_view key,
                const option_table<T>& table, T& out) {
  static const yaml_value nothing;
  const auto* entry = tree.find(key);
  read_table(reports, table, entry == nullptr ? nothing : entry->value, std::string(key), out);
}

/// There only where its key is: without it a node is alone.
const option<document>& cluster_block() {
  static const auto made = block("cluster", &document::cluster, &cluster_options, "");
  return made;
}

template <class T>
void print_block(YAML::Emitter& yaml, std::string_view key, const option_table<T>& table,
                 const T& value) {
  emit_key(yaml, key);
  print_table(yaml, table, value);
}

void print_components(YAML::Emitter& yaml, const component_section& section,
                      const std::vector<component>& components) {
  if (components.empty())
    return;
  emit_key(yaml, section.key);
  begin_map(yaml);
  for (const auto& c : components) {
    if (!c.missing.empty())
      continue;
    emit_key(yaml, c.id);
    section.find(type_of_id(c.id))->print(yaml, c.config);
  }
  end_map(yaml);
}

/// The id of an exporter with its type's name of today, unless the file has that id already.
std::string todays_id(const document& d, std::string_view id) {
  const auto type = type_of_id(id);
  if (type != "logging")
    return std::string(id);
  auto renamed = "debug" + std::string(id.substr(type.size()));
  const auto same = [&](const component& c) { return c.id == renamed; };
  return std::ranges::any_of(d.exporters, same) ? std::string(id) : renamed;
}

/// As if the file had been written with today's names of exporters.
document with_todays_names(const document& d) {
  auto renamed = d;
  for (auto& c : renamed.exporters)
    c.id = todays_id(d, c.id);
  for (auto& pipeline : renamed.service.pipelines)
    for (auto& id : pipeline.exporters)
      id = todays_id(d, id);
  return renamed;
}

} // namespace

std::vector<component>& document::components_of(std::string_view section) {
  return section == "receivers"    ? receivers
         : section == "processors" ? processors
         : section == "exporters"  ? exporters
         : section == "connectors" ? connectors
                                   : extensions;
}

const std::vector<component>& document::components_of(std::string_view section) const {
  return const_cast<document*>(this)->components_of(section);
}

const component* document::find(std::string_view section, std::string_view id) const {
  const auto& all = components_of(section);
  const auto found = std::ranges::find(all, id, &component::id);
  return found == all.end() ? nullptr : &*found;
}

document read_document(decoder& reports, const yaml_value& tree) {
  document d;
  const std::string root;
  const section top{reports, tree, root};
  top.refuse_unknown({top_level.begin(), top_level.end()});
  for (const auto& kind : component_sections())
    if (const auto* entry = tree.find(kind.key))
      read_components(reports, kind, entry->value, d.components_of(kind.key));
  read_block(reports, tree, "service", service_options(), d.service);
  read_block(reports, tree, "storage", storage_options(), d.storage);
  read_block(reports, tree, "sampling", sampling_options(), d.sampling);
  cluster_block().read(top, d);
  read_block(reports, tree, "admin", admin_options(), d.admin);
  const auto* storage = tree.find("storage");
  d.directory_given = storage != nullptr && storage->value.find("directory") != nullptr;
  const auto* admin = tree.find("admin");
  d.admin.endpoint_given = admin != nullptr && admin->value.find("endpoint") != nullptr;
  return d;
}

difference_list differing_blocks(const document& now, const document& wanted) {
  difference_list found;
  compare_table(service_options(), now.service, wanted.service, "service", found);
  compare_table(storage_options(), now.storage, wanted.storage, "storage", found);
  compare_table(sampling_options(), now.sampling, wanted.sampling, "sampling", found);
  cluster_block().compare(now, wanted, "", found);
  compare_table(admin_options(), now.admin, wanted.admin, "admin", found);
  say_change(found, 0, change_by::restart);
  return found;
}

std::string print_document(const document& given) {
  const auto d = with_todays_names(given);
  YAML::Emitter yaml;
  begin_map(yaml);
  for (const auto& kind : component_sections())
    print_components(yaml, kind, d.components_of(kind.key));
  print_block(yaml, "service", service_options(), d.service);
  print_block(yaml, "storage", storage_options(), d.storage);
  print_block(yaml, "sampling", sampling_options(), d.sampling);
  cluster_block().print(yaml, d);
  print_block(yaml, "admin", admin_options(), d.admin);
  end_map(yaml);
  return std::string(yaml.c_str()) + "\n";
}

} // namespace weir::app
