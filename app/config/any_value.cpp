#include "app/config/any_value.hpp"

#include "editing/values.hpp"

#include <cmath>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

namespace weir::app {

namespace {

std::string_view make_any(arena& memory, const yaml_value& value);

std::string_view make_plain(arena& memory, const yaml_value& value) {
  const auto text = plain_text(value);
  switch (type_of(text)) {
  case scalar_type::null:
    return {};
  case scalar_type::boolean:
    return editing::make_boolean(memory, text[0] == 't' || text[0] == 'T');
  case scalar_type::integer:
    if (std::int64_t number = 0; parse_integer(text, number))
      return editing::make_integer(memory, number);
    break;
  case scalar_type::number:
    if (double number = 0; parse_real(text, number))
      return editing::make_real(memory, number);
    break;
  case scalar_type::text:
    break;
  }
  return editing::make_string(memory, value.text);
}

std::string_view make_list(arena& memory, const yaml_value& value) {
  std::vector<std::string_view> anys;
  for (const auto& item : value.items)
    anys.push_back(make_any(memory, item));
  return editing::make_array(memory, anys);
}

std::string_view make_map(arena& memory, const yaml_value& value) {
  std::vector<std::pair<std::string_view, std::string_view>> entries;
  for (const auto& entry : value.entries)
    entries.emplace_back(entry.key, make_any(memory, entry.value));
  return editing::make_map(memory, entries);
}

std::string_view make_any(arena& memory, const yaml_value& value) {
  switch (value.type) {
  case yaml_value::kind::list:
    return make_list(memory, value);
  case yaml_value::kind::map:
    return make_map(memory, value);
  case yaml_value::kind::scalar:
    return value.plain ? make_plain(memory, value) : editing::make_string(memory, value.text);
  case yaml_value::kind::null:
    break;
  }
  return {};
}

/// As it may stand in YAML, and reads back as a number that is no integer.
std::string real_text(double value) {
  if (std::isnan(value))
    return ".nan";
  if (std::isinf(value))
    return value < 0 ? "-.inf" : ".inf";
  auto text = print_value(value, rule{});
  if (type_of(text) == scalar_type::integer)
    text += ".0";
  return text;
}

} // namespace

processors::any_value read_any(const yaml_value& value) {
  arena memory;
  return {std::string(make_any(memory, value))};
}

void emit_any(YAML::Emitter& yaml, std::string_view any) {
  const auto value = otlp::read_value(any);
  switch (value.kind) {
  case otlp::value_kind::string:
  case otlp::value_kind::bytes:
    return emit_scalar(yaml, std::string(value.bytes), true, rule{});
  case otlp::value_kind::boolean:
    return emit_scalar(yaml, value.boolean ? "true" : "false", false, rule{});
  case otlp::value_kind::integer:
    return emit_scalar(yaml, std::to_string(value.integer), false, rule{});
  case otlp::value_kind::real: {
    return emit_scalar(yaml, real_text(value.real), false, rule{});
  }
  case otlp::value_kind::array:
    begin_list(yaml);
    editing::for_each_item(value.bytes, [&](std::string_view item) { emit_any(yaml, item); });
    return end_list(yaml);
  case otlp::value_kind::map:
    begin_map(yaml);
    editing::for_each_entry(value.bytes, [&](std::string_view key, std::string_view inner) {
      emit_key(yaml, key);
      emit_any(yaml, inner);
    });
    return end_map(yaml);
  case otlp::value_kind::none:
    break;
  }
  yaml << YAML::Null;
}

} // namespace weir::app
