#pragma once

#include "app/config/option.hpp"
#include "ottl/group.hpp"
#include "processors/filter.hpp"
#include "processors/ottl_config.hpp"

#include <optional>
#include <string>
#include <vector>

// Options that hold conditions and statements: they are compiled when they are read, and what is
// wrong with them is told at its place in the file.
namespace weir::app {

/// Where byte `offset` of a scalar's text stands in the file. Of a text over several lines, or one
/// that a reference was replaced in: where the scalar begins.
place place_in(const yaml_value& scalar, std::size_t offset);

/// The texts of an option that holds some; empty: it does not.
const std::vector<yaml_value>& items_of(const yaml_value& map, std::string_view name);

/// Compiles a group and reports what is wrong with it at its texts.
void check_group(const section& map, const ottl::group_source& source,
                 const std::vector<yaml_value>& conditions,
                 const std::vector<yaml_value>& statements);

/// Conditions each of which finds its context for itself.
void check_each(const section& map, const processors::condition_group_config& group,
                weir::signal kind, const std::vector<yaml_value>& conditions);

inline void check_group(const section& map, const processors::condition_group_config& group,
                        weir::signal kind, const yaml_value& written) {
  check_each(map, group, kind, written.is_map() ? items_of(written, "conditions") : written.items);
}
inline void check_group(const section& map, const processors::statement_group_config& group,
                        weir::signal kind, const yaml_value& written) {
  const bool flat = !written.is_map();
  check_group(map, {kind, ottl::context_named(group.context), group.conditions, group.statements},
              flat ? std::vector<yaml_value>{} : items_of(written, "conditions"),
              flat ? written.items : items_of(written, "statements"));
}

/// Names the texts of an option in the reference: "list of conditions".
template <class T>
option<T> list_of(std::string_view content, option<T> texts) {
  texts.describe = [content, describe = texts.describe](std::vector<reference_row>& rows,
                                                        const std::string& path,
                                                        const T& defaults) {
    describe(rows, path, defaults);
    constexpr std::string_view prefix = "list of texts";
    if (auto& type = rows.back().type; type.starts_with(prefix))
      type.replace(0, prefix.size(), "list of " + std::string(content));
  };
  return texts;
}

/// A list of conditions in a given context.
template <class T>
option<T> ottl_conditions(std::string_view name, std::vector<std::string> T::*member,
                          weir::signal kind, ottl::context_kind context, std::string_view text) {
  auto made = list_of("conditions", works(name, member, text));
  made.read = [=, read = made.read](const section& map, T& out) {
    const auto errors_before = map.reports.out.errors.size();
    read(map, out);
    if (map.reports.out.errors.size() != errors_before)
      return;
    const auto path = map.path_of(name);
    const section options{map.reports, map.value, path};
    check_each(options, {std::string(ottl::to_string(context)), out.*member, ""}, kind,
               items_of(map.value, name));
  };
  return made;
}

/// A list of texts, which make one group with no context, or of groups.
template <class T, class V>
option<T> ottl_groups(std::string_view name, std::vector<V> T::*member, weir::signal kind,
                      table_of<V> table, std::vector<std::string> V::*texts,
                      std::string_view text) {
  auto made = list(name, member, table, text);
  made.read = [=, read = made.read](const section& map, T& out) {
    const auto* entry = map.value.find(name);
    if (entry == nullptr || !entry->value.is_list())
      return read(map, out);
    const auto& items = entry->value.items;
    const auto path = map.path_of(name);
    const auto flat = std::count_if(items.begin(), items.end(),
                                    [](const yaml_value& item) { return item.is_scalar(); });
    if (flat != 0 && static_cast<std::size_t>(flat) != items.size())
      return map.error(name, "found texts beside groups, expected one of them");
    const auto errors_before = map.reports.out.errors.size();
    const auto good = [&] { return map.reports.out.errors.size() == errors_before; };
    if (flat == 0) {
      read(map, out);
      for (std::size_t i = 0; i < items.size() && good(); ++i) {
        const auto item_path = path + "[" + std::to_string(i) + "]";
        check_group(section{map.reports, items[i], item_path}, (out.*member)[i], kind, items[i]);
      }
      return;
    }
    V group = table().defaults;
    for (const auto& item : items)
      (group.*texts).push_back(item.text);
    check_group(section{map.reports, entry->value, path}, group, kind, entry->value);
    (out.*member).push_back(std::move(group));
  };
  return made;
}

} // namespace weir::app
