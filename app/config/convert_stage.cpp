#include "app/config/convert_stage.hpp"

#include <algorithm>

namespace weir::app {

yaml_value make_map() {
  return {.type = yaml_value::kind::map};
}

yaml_value make_list(const std::vector<std::string>& texts) {
  yaml_value made{.type = yaml_value::kind::list};
  for (const auto& text : texts)
    made.items.push_back({.type = yaml_value::kind::scalar, .text = text});
  return made;
}

const yaml_value* find_below(const yaml_value& tree, std::initializer_list<std::string_view> keys) {
  const auto* value = &tree;
  for (const auto key : keys) {
    const auto* entry = value->find(key);
    if (entry == nullptr)
      return nullptr;
    value = &entry->value;
  }
  return value;
}

std::vector<std::string> texts_below(const yaml_value& tree, std::string_view key) {
  std::vector<std::string> all;
  if (const auto* found = find_below(tree, {key}))
    for (const auto& item : found->items)
      all.push_back(item.text);
  return all;
}

bool same_value(const yaml_value& a, const yaml_value& b) {
  if (a.type != b.type || a.text != b.text || a.items.size() != b.items.size()
      || a.entries.size() != b.entries.size())
    return false;
  for (std::size_t i = 0; i < a.items.size(); ++i)
    if (!same_value(a.items[i], b.items[i]))
      return false;
  return std::all_of(a.entries.begin(), a.entries.end(), [&](const yaml_entry& e) {
    const auto* other = b.find(e.key);
    return other != nullptr && same_value(e.value, other->value);
  });
}

bool is_of_type(std::string_view id, std::string_view type) {
  return type_of_id(id) == type;
}

bool is_balancer(std::string_view id) {
  return is_of_type(id, "loadbalancing") || is_of_type(id, "load_balancing");
}

bool stage::balances() const {
  return std::any_of(exporters.begin(), exporters.end(), is_balancer);
}

bool stage::samples() const {
  return std::any_of(processors.begin(), processors.end(),
                     [](const auto& id) { return is_of_type(id, "tail_sampling"); });
}

} // namespace weir::app
