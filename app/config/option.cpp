#include "app/config/option.hpp"

#include <fmt/format.h>

namespace weir::app {

namespace {

bool asks_for_nothing(const yaml_value& value) {
  switch (value.what) {
  case yaml_value::kind::null:
    return true;
  case yaml_value::kind::list:
    return value.items.empty();
  case yaml_value::kind::map:
    return value.entries.empty();
  case yaml_value::kind::scalar:
    break;
  }
  return value.text.empty() || (value.plain && value.text == "false");
}

} // namespace

void inert_option::read(const section& at) const {
  const auto* entry = at.value.find(name);
  if (entry == nullptr)
    return;
  if (what == effect::none)
    return at.warn(name, fmt::format("no effect: {}", reason));
  if (asks_for_nothing(entry->value)
      || (entry->value.is_scalar() && entry->value.text == only && !only.empty()))
    return;
  if (only.empty())
    return at.error(name, fmt::format("found an option that does not work here: {}", reason));
  at.error(name, fmt::format("found {}, expected `{}`: {}", weir::app::describe(entry->value), only,
                             reason));
}

reference_row inert_option::describe(const std::string& path) const {
  return {join_path(path, name), only.empty() ? "" : fmt::format("`{}`", only), std::string(only),
          std::string(reason), what};
}

} // namespace weir::app
