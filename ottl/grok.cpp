#include "ottl/grok.hpp"

#include "ottl/convert.hpp"
#include "ottl/grok_expansion.hpp"

#include <algorithm>
#include <array>

namespace weir::ottl {

namespace {

/// A text as a value of a type; nothing where it is none, or there is no such type.
std::optional<value> read_as(std::string_view type, std::string_view text) {
  const auto made = [](const auto& read) {
    return read ? std::optional(value::of(*read)) : std::nullopt;
  };
  if (type == "string")
    return value::of_string(text);
  if (type == "int" || type == "long")
    return made(parse_integer(text));
  if (type == "float" || type == "double")
    return made(parse_real(text));
  if (type == "bool" || type == "boolean")
    return made(parse_boolean(text));
  return std::nullopt;
}

std::string key_of(std::string_view group) {
  std::string key;
  while (true) {
    const auto dot = group.find(grok_dot);
    key += group.substr(0, dot);
    if (dot == group.npos)
      return key;
    key += '.';
    group.remove_prefix(dot + grok_dot.size());
  }
}

} // namespace

result<grok> grok::compile(std::string_view pattern, bool named_only,
                           const std::vector<std::string_view>& definitions) {
  auto expanded = expand_grok(pattern, named_only, definitions);
  if (!expanded)
    return tl::unexpected(expanded.error());
  return regex::compile(expanded->expression).map([&](auto&& compiled) {
    return grok(std::move(compiled), std::move(expanded->types));
  });
}

bool grok::has_keys() const noexcept {
  const auto& names = regex_.group_names();
  return std::any_of(names.begin(), names.end(), [](const auto& name) { return !name.empty(); });
}

bool grok::extract(std::string_view text, text_builder& map) const {
  std::array<std::string_view, regex::max_groups + 1> found;
  const auto& names = regex_.group_names();
  regex_.expect_to_afford(text);
  if (!regex_.find(text, 0, std::span(found).first(names.size() + 1)))
    return true;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty() || found[i + 1].empty())
      continue;
    const auto type = types_.find(names[i]);
    const auto read = read_as(type == types_.end() ? "string" : type->second, found[i + 1]);
    if (!read)
      return false;
    append_pair(map, key_of(names[i]), *read);
  }
  return true;
}

} // namespace weir::ottl
