#include "app/config/ottl_options.hpp"

namespace weir::app {

place place_in(const yaml_value& scalar, std::size_t offset) {
  const auto prefix = std::string_view(scalar.text).substr(0, offset);
  const bool one_line = scalar.text.find('\n') == std::string::npos;
  if (scalar.substituted || !one_line || (!scalar.plain && scalar.quote == '\0'))
    return scalar.position;
  auto position = scalar.position;
  for (const char c : prefix) {
    const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    const bool escaped =
        scalar.quote == '\'' ? c == '\'' : scalar.quote == '"' && (c == '"' || c == '\\');
    position.column += continues ? 0 : escaped ? 2 : 1;
  }
  position.column += scalar.quote != '\0' ? 1 : 0;
  return position;
}

const std::vector<yaml_value>& items_of(const yaml_value& map, std::string_view name) {
  static const std::vector<yaml_value> none;
  const auto* entry = map.find(name);
  return entry == nullptr ? none : entry->value.items;
}

void check_group(const section& map, const ottl::group_source& source,
                 const std::vector<yaml_value>& conditions,
                 const std::vector<yaml_value>& statements) {
  const auto compiled = ottl::compile_group(source);
  if (compiled)
    return;
  for (const auto& e : compiled.error()) {
    const auto& texts = e.in_statements ? statements : conditions;
    const auto position =
        e.index < texts.size() ? place_in(texts[e.index], e.error.offset) : map.value.position;
    const bool exact = e.index < texts.size() && position != texts[e.index].position;
    // Where the file's place is that of the whole text, the place in the text says the rest.
    map.reports.error(position, map.path,
                      exact || e.error.offset == 0 ? e.error.message : ottl::to_string(e, source));
  }
}

void check_each(const section& map, const processors::condition_group_config& group,
                weir::signal kind, const std::vector<yaml_value>& conditions) {
  for (std::size_t i = 0; i < group.conditions.size(); ++i) {
    const ottl::group_source source{
        kind, ottl::context_named(group.context), {group.conditions[i]}, {}};
    std::vector<yaml_value> one;
    if (i < conditions.size())
      one.push_back(conditions[i]);
    check_group(map, source, one, {});
  }
}

} // namespace weir::app
