#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"
#include "ottl/grok.hpp"

namespace weir::ottl {

namespace {

using enum parameter_type;

bool extract_grok_patterns(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  text_builder map(e.in().memory);
  if (!c.prepared_as<grok>().extract(text, map))
    return e.fail("expected a text of the type that the pattern says");
  return e.finish(map, value_type::map, out);
}

std::string prepare_grok(const program& code, call_info& c) {
  const auto node = [&](std::size_t i) -> const expression& {
    return code.expressions[c.arguments[i].expression];
  };
  const bool named_only = c.arguments[2].given() && node(2).literal.boolean;
  std::vector<std::string_view> definitions;
  if (c.arguments[3].given())
    for (std::uint32_t i = 0; i < node(3).parts.count; ++i)
      definitions.push_back(code.expressions[code.parts[node(3).parts.first + i]].literal.bytes);
  auto made = grok::compile(node(1).literal.bytes, named_only, definitions);
  if (!made)
    return made.error().message;
  if (named_only && !made->has_keys())
    return "found a grok pattern without keys, expected one such as `%{WORD:name}`";
  c.prepared = std::make_shared<const grok>(std::move(*made));
  return {};
}

} // namespace

std::span<const function_info> grok_functions() {
  static const std::vector<function_info> table{
      {.name = "ExtractGrokPatterns",
       .parameters = {{"target", text},
                      {"pattern", text_literal},
                      {"named_captures_only", boolean_literal, true},
                      {"pattern_definitions", text_list_literal, true}},
       .body = &extract_grok_patterns,
       .prepare = &prepare_grok},
  };
  return table;
}

} // namespace weir::ottl
