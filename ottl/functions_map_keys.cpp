#include "editing/work.hpp"
#include "ottl/edited_map.hpp"
#include "ottl/functions.hpp"

#include <fmt/format.h>

// Editors that leave pairs out of a map.
namespace weir::ottl {

namespace {

using enum parameter_type;

bool list_has(std::string_view list, std::string_view text) {
  work().spend(list.size() / 4);
  bool found = false;
  for_each_item(list, [&](std::string_view any) { found = found || from_wire(any).bytes == text; });
  return found;
}

/// A list whose elements are all strings.
bool get_texts(evaluation& e, const argument& a, std::string_view& out) {
  value v;
  if (!e.get_of(a, value_type::list, v))
    return false;
  bool good = true;
  for_each_item(
      v.bytes, [&](std::string_view any) { good = good && from_wire(any).is(value_type::string); });
  out = v.bytes;
  return good || e.fail("expected strings in the list");
}

bool delete_key(evaluation& e, const call_info& c, value&) {
  std::string_view key;
  if (!e.get_text(c.arguments[1], key))
    return false;
  if (auto* item = e.attributes_item(c.arguments[0]); item != nullptr) {
    item->erase(key);
    return true;
  }
  edited_map map(e, c.arguments[0]);
  return map.open() && map.remove_if([&](std::string_view k) { return k == key; });
}

bool delete_matching_keys(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  const auto& expression = e.regex(c.arguments[1]);
  return map.open() && map.remove_if([&](std::string_view k) { return expression.matches(k); });
}

bool keep_matching_keys(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  const auto& expression = e.regex(c.arguments[1]);
  return map.open() && map.remove_if([&](std::string_view k) { return !expression.matches(k); });
}

bool keep_keys(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  std::string_view keys;
  if (!map.open() || !get_texts(e, c.arguments[1], keys))
    return false;
  return map.remove_if([&](std::string_view k) { return !list_has(keys, k); });
}

bool limit(evaluation& e, const call_info& c, value&) {
  edited_map map(e, c.arguments[0]);
  std::string_view priority;
  if (!map.open() || !get_texts(e, c.arguments[2], priority))
    return false;
  const auto most = static_cast<std::size_t>(literal_integer(e.code(), c.arguments[1]));
  if (map.size() <= most)
    return true;
  std::size_t kept = 0;
  for_each_item(priority, [&](std::string_view any) { kept += map.has(from_wire(any).bytes); });
  return map.remove_if([&](std::string_view k) {
    if (list_has(priority, k))
      return false;
    return kept++ >= most;
  });
}

std::string check_limit(const program& code, const call_info& c) {
  const auto most = literal_integer(code, c.arguments[1]);
  const auto& keys = code.expressions[c.arguments[2].expression];
  if (most < 0 || static_cast<std::uint64_t>(most) < keys.parts.count)
    return fmt::format("found the limit {}, expected one that is not below the {} priority keys",
                       most, keys.parts.count);
  return {};
}

} // namespace

std::span<const function_info> map_key_functions() {
  constexpr auto nothing = result_type::nothing;
  static const std::vector<function_info> table{
      {"delete_key", nothing, {{"target", map_target}, {"key", text}}, &delete_key},
      {"delete_matching_keys",
       nothing,
       {{"target", map_target}, {"pattern", regex}},
       &delete_matching_keys},
      {"keep_keys", nothing, {{"target", map_target}, {"keys", list}}, &keep_keys},
      {"keep_matching_keys",
       nothing,
       {{"target", map_target}, {"pattern", regex}},
       &keep_matching_keys},
      {"limit",
       nothing,
       {{"target", map_target}, {"limit", integer_literal}, {"priority_keys", text_list_literal}},
       &limit,
       &check_limit},
  };
  return table;
}

} // namespace weir::ottl
