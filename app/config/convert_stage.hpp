#pragma once

#include "app/config/convert.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

// What a set-up of tiers is made of, for joining them.
namespace weir::app {

/// An empty map; a list of texts.
yaml_value make_map();
yaml_value make_list(const std::vector<std::string>& texts);

/// What stands behind keys in each other; null: nothing.
const yaml_value* find_below(const yaml_value& tree, std::initializer_list<std::string_view> keys);

/// The texts of a list.
std::vector<std::string> texts_below(const yaml_value& tree, std::string_view key);

/// Whether two values are the same, whatever the order of keys.
bool same_value(const yaml_value& a, const yaml_value& b);

bool is_of_type(std::string_view id, std::string_view type);
bool is_balancer(std::string_view id);

/// One pipeline of one tier.
struct stage {
  std::size_t tier = 0;
  std::string id;
  std::vector<std::string> receivers, processors, exporters;

  std::string_view signal() const { return type_of_id(id); }
  bool balances() const;
  bool samples() const;
};

} // namespace weir::app
