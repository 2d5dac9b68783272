#include "app/config/option.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>

namespace weir::app {

namespace {

bool is_false(const yaml_value& value) {
  bool truth = true;
  return read_value(value, rule{}, truth) && !truth;
}

bool is_zero(const yaml_value& value) {
  double number = 1;
  std::chrono::nanoseconds duration{1};
  return (read_value(value, rule{}, number) && number == 0)
         || (read_duration(value, duration) && duration.count() == 0);
}

/// Whether what an option holds is what a node does that never heard of it.
bool asks_for_nothing(const yaml_value& value) {
  switch (value.type) {
  case yaml_value::kind::null:
    return true;
  case yaml_value::kind::list:
    return value.items.empty();
  case yaml_value::kind::map: {
    const auto* enabled = value.find("enabled");
    const auto* level = value.find("level");
    if ((enabled != nullptr && is_false(enabled->value))
        || (level != nullptr && same_word(level->value.text, "none")))
      return true;
    return std::all_of(value.entries.begin(), value.entries.end(),
                       [](const yaml_entry& e) { return asks_for_nothing(e.value); });
  }
  case yaml_value::kind::scalar:
    break;
  }
  return value.text.empty() || is_false(value) || is_zero(value);
}

} // namespace

void inert_option::read(const section& map) const {
  const auto* entry = map.value.find(name);
  if (entry == nullptr)
    return;
  if (!only.empty() && entry->value.is_scalar() && same_word(entry->value.text, only))
    return;
  if (effect == app::effect::none)
    return map.warn(name, fmt::format("no effect: {}", reason));
  if (asks_for_nothing(entry->value))
    return;
  if (only.empty())
    return map.error(name, fmt::format("found an option that does not work here: {}", reason));
  map.error(name, fmt::format("found {}, expected `{}`: {}", weir::app::describe(entry->value),
                              only, reason));
}

reference_row inert_option::describe(const std::string& path) const {
  return {join_path(path, name), only.empty() ? "" : fmt::format("`{}`", only), std::string(only),
          std::string(reason), effect};
}

} // namespace weir::app
