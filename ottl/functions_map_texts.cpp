#include "core/utf8.hpp"
#include "ottl/edited_map.hpp"
#include "ottl/made_map.hpp"
#include "ottl/replacing.hpp"

#include <fmt/format.h>

// Editors that change the texts of a map: its values, or its keys.
namespace weir::ottl {

namespace {

using enum parameter_type;

bool truncate_all(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  if (!map.open())
    return false;
  const auto most = static_cast<std::size_t>(literal_integer(e.code(), c.arguments[1]));
  const bool whole_characters = !c.arguments[2].given() || e.node(c.arguments[2]).literal.boolean;
  const auto marker =
      c.arguments[3].given() ? literal_text(e.code(), c.arguments[3]) : std::string_view{};
  return map.change_texts([&](std::string_view text, std::string_view& made) {
    if (text.size() <= most)
      return false;
    auto end = most - marker.size();
    while (whole_characters && end > 0 && continues_utf8(text[end]))
      --end;
    text_builder cut(e.in().memory);
    cut.append(text.substr(0, end));
    cut.append(marker);
    made = cut.view();
    return cut.ok();
  });
}

std::string check_truncate_all(const program& code, const call_info& c) {
  const auto most = literal_integer(code, c.arguments[1]);
  const auto marker =
      c.arguments[3].given() ? literal_text(code, c.arguments[3]) : std::string_view{};
  if (most < 0 || static_cast<std::uint64_t>(most) < marker.size())
    return fmt::format("found the limit {}, expected one that is not below 0 or the length of the "
                       "marker",
                       most);
  return {};
}

bool replace_keys(evaluation& e, const call_info& c, edited_map& map) {
  made_map entries(e);
  bool good = true;
  for_each_entry(map.as_map(), [&](std::string_view key, std::string_view any) {
    bool replaced = false;
    std::string_view made;
    good = good && replace_matches(e, c, 2, key, replaced, made);
    entries.put(replaced ? made : key, any);
  });
  if (!good)
    return false;
  text_builder made(e.in().memory);
  entries.write(made);
  return map.replace(made);
}

bool replace_all_patterns(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  if (!map.open())
    return false;
  if (literal_text(e.code(), c.arguments[1]) == "key")
    return replace_keys(e, c, map);
  const auto& expression = e.regex(c.arguments[2]);
  std::string_view replacement;
  if (!e.get_text(c.arguments[3], replacement))
    return false;
  return map.change_texts([&](std::string_view text, std::string_view& made) {
    bool replaced = false;
    return expression.matches(text) && replace_matches(e, c, 2, text, replaced, made) && replaced;
  });
}

std::string check_replace_all_patterns(const program& code, const call_info& c) {
  const auto mode = literal_text(code, c.arguments[1]);
  if (mode != "key" && mode != "value")
    return fmt::format("found the mode `{}`, expected `key` or `value`", mode);
  return check_format(code, c.arguments[5]);
}

bool replace_all_matches(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  std::string_view replacement;
  if (!map.open() || !e.get_text(c.arguments[2], replacement)
      || !make_replacement(e, replacement, c.arguments[3], c.arguments[4], replacement))
    return false;
  const auto& glob = e.regex(c.arguments[1]);
  return map.change_texts([&](std::string_view text, std::string_view& made) {
    made = replacement;
    return glob.matches(text);
  });
}

std::string check_replace_all_matches(const program& code, const call_info& c) {
  return check_format(code, c.arguments[4]);
}

} // namespace

std::span<const function_info> map_text_functions() {
  constexpr auto nothing = result_type::nothing;
  static const std::vector<function_info> table{
      {"truncate_all",
       nothing,
       {{"target", map_target},
        {"limit", integer_literal},
        {"utf8_safe", boolean_literal, true},
        {"truncation_marker", text_literal, true}},
       &truncate_all,
       &check_truncate_all},
      {"replace_all_patterns",
       nothing,
       {{"target", map_target},
        {"mode", text_literal},
        {"regex_pattern", regex},
        {"replacement", text},
        {"function", parameter_type::converter, true},
        {"replacement_format", text_literal, true}},
       &replace_all_patterns,
       &check_replace_all_patterns},
      {"replace_all_matches",
       nothing,
       {{"target", map_target},
        {"pattern", glob},
        {"replacement", text},
        {"function", parameter_type::converter, true},
        {"replacement_format", text_literal, true}},
       &replace_all_matches,
       &check_replace_all_matches},
  };
  return table;
}

} // namespace weir::ottl
