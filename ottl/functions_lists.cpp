#include "editing/work.hpp"
#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"
#include "ottl/go_format.hpp"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <unordered_map>

// Functions of lists, and of values of any type.
namespace weir::ottl {

namespace {

using enum parameter_type;

// -- Sort --

/// An element and what it is compared by.
struct sortable {
  std::string_view any;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view text;
};

enum class order_by : std::uint8_t { nothing, integers, reals, texts };

/// Numbers are compared as such where there is nothing else; lists, maps and bytes not at all.
order_by order_of(const std::vector<value>& values) {
  auto found = order_by::integers;
  for (const auto& v : values) {
    if (v.is(value_type::real) && found == order_by::integers)
      found = order_by::reals;
    else if (v.is(value_type::string) || v.is(value_type::boolean) || v.is_nil())
      found = order_by::texts;
    else if (!v.is(value_type::integer) && !v.is(value_type::real))
      return order_by::nothing;
  }
  return found;
}

bool before(const sortable& a, const sortable& b, order_by order) {
  if (order == order_by::integers)
    return a.integer < b.integer;
  if (order == order_by::texts)
    return a.text < b.text;
  return a.real < b.real || (std::isnan(a.real) && !std::isnan(b.real));
}

bool make_sortable(evaluation& e, const value& v, std::string_view any, order_by order,
                   sortable& out) {
  out.any = any;
  out.integer = v.integer;
  out.real = v.is(value_type::integer) ? static_cast<double>(v.integer) : v.real;
  return order != order_by::texts || v.is_nil() || e.as_text(v, out.text);
}

bool sort(evaluation& e, const call_info& c, value& out) {
  if (!e.get_of(c.arguments[0], value_type::list, out))
    return false;
  const bool down = c.arguments[1].given() && e.node(c.arguments[1]).literal.bytes == "desc";
  std::vector<value> values;
  for_each_item(out.bytes, [&](std::string_view any) { values.push_back(from_wire(any)); });
  const auto order = order_of(values);
  if (order == order_by::nothing)
    return true;
  std::vector<sortable> elements(values.size());
  std::size_t i = 0;
  bool good = true;
  for_each_item(out.bytes, [&](std::string_view any) {
    good = good && make_sortable(e, values[i], any, order, elements[i]);
    ++i;
  });
  if (!good)
    return false;
  work().spend(elements.size() * 50);
  std::stable_sort(elements.begin(), elements.end(), [&](const sortable& a, const sortable& b) {
    return down ? before(b, a, order) : before(a, b, order);
  });
  text_builder made(e.in().memory);
  for (const auto& element : elements)
    append_any(made, element.any);
  return e.finish(made, value_type::list, out);
}

std::string check_sort(const program& code, const call_info& c) {
  if (!c.arguments[1].given())
    return "";
  const auto order = code.expressions[c.arguments[1].expression].literal.bytes;
  return order == "asc" || order == "desc" ? "" : "found another order, expected `asc` or `desc`";
}

// -- SliceToMap --

/// What a list of keys leads to in a map.
bool look_up(evaluation& e, const value& element, const argument& path, value& out) {
  value keys;
  if (!e.get(path, keys))
    return false;
  out = element;
  bool there = true;
  for_each_item(keys.bytes, [&](std::string_view any) {
    const auto found =
        there && out.is(value_type::map) ? map_at(out.bytes, string_of(any)) : std::nullopt;
    there = found.has_value();
    out = found.value_or(value{});
  });
  return there || e.fail("an element of the list does not have the path");
}

bool key_of(evaluation& e, const call_info& c, const value& element, std::size_t place,
            std::string_view& out) {
  if (!c.arguments[1].given()) {
    text_builder digits(e.in().memory);
    digits.append(std::to_string(place));
    out = digits.view();
    return digits.ok() || e.fail("the value grew too large");
  }
  value found;
  if (!look_up(e, element, c.arguments[1], found))
    return false;
  if (!found.is(value_type::string))
    return e.fail("expected a string as the key of an element", found.type);
  out = found.bytes;
  return true;
}

/// Of a key that stands twice the last value counts, in the place of the first.
bool list_to_map(evaluation& e, const call_info& c, value& out) {
  value list;
  if (!e.get_of(c.arguments[0], value_type::list, list))
    return false;
  const bool looks_inside = c.arguments[1].given() || c.arguments[2].given();
  std::vector<std::pair<std::string_view, value>> entries;
  std::unordered_map<std::string_view, std::size_t> places;
  std::size_t place = 0;
  bool good = true;
  for_each_item(list.bytes, [&](std::string_view any) {
    auto element = from_wire(any);
    std::string_view key;
    if (good && looks_inside && !element.is(value_type::map))
      good = e.fail("expected maps as the elements of the list", element.type);
    good = good && key_of(e, c, element, place++, key);
    if (good && c.arguments[2].given())
      good = look_up(e, value{element}, c.arguments[2], element);
    if (!good)
      return;
    const auto [known, is_new] = places.try_emplace(key, entries.size());
    if (is_new)
      entries.emplace_back(key, element);
    else
      entries[known->second].second = element;
  });
  text_builder made(e.in().memory);
  for (const auto& [key, v] : entries)
    append_pair(made, key, v);
  return good && e.finish(made, value_type::map, out);
}

std::string check_paths(const program& code, const call_info& c) {
  for (const auto i : {1, 2})
    if (c.arguments[i].given() && code.expressions[c.arguments[i].expression].parts.count == 0)
      return "found a path without keys";
  return "";
}

// -- Format --

bool format(evaluation& e, const call_info& c, value& out) {
  std::vector<value> values;
  const auto& given = e.node(c.arguments[1]);
  for (std::uint32_t i = 0; i < given.parts.count; ++i)
    if (!e.get(e.code().parts[given.parts.first + i], values.emplace_back()))
      return false;
  std::string made;
  if (!go_format(e.node(c.arguments[0]).literal.bytes, values, made))
    return e.fail("expected texts, numbers and booleans to format, of not too many bytes");
  work().spend(made.size());
  text_builder text(e.in().memory);
  text.append(made);
  return e.finish(text, value_type::string, out);
}

std::string check_format_verbs(const program& code, const call_info& c) {
  return check_go_format(code.expressions[c.arguments[0].expression].literal.bytes);
}

// -- clear --

/// The value of that type which says nothing.
value empty_value(value_type type) {
  static constexpr char zeros[16] = {};
  value made{.type = type};
  if (type == value_type::trace_id)
    made.bytes = {zeros, 16};
  else if (type == value_type::span_id)
    made.bytes = {zeros, 8};
  return made;
}

bool clear(evaluation& e, const call_info& c, value&) {
  value present;
  return e.read(c.arguments[0], present) && e.write(c.arguments[0], empty_value(present.type));
}

} // namespace

std::span<const function_info> list_functions() {
  constexpr auto a_value = result_type::any;
  static const std::vector<function_info> table{
      {"Sort", a_value, {{"target", any}, {"order", text_literal, true}}, &sort, &check_sort},
      {"SliceToMap",
       a_value,
       {{"target", list},
        {"key_path", text_list_literal, true},
        {"value_path", text_list_literal, true}},
       &list_to_map,
       &check_paths},
      {"Format",
       a_value,
       {{"format", text_literal}, {"vals", list_literal}},
       &format,
       &check_format_verbs},
      {"clear", result_type::nothing, {{"target", target}}, &clear},
  };
  return table;
}

} // namespace weir::ottl
