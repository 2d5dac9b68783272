#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

#include <unordered_map>

// Functions that call a lambda, mostly for each pair of a map or element of a list.
namespace weir::ottl {

namespace {

using enum parameter_type;

struct collection {
  bool is_map = false;
  std::string_view body;
};

bool get_collection(evaluation& e, const argument& a, collection& out) {
  value v;
  if (!e.get(a, v))
    return false;
  if (!v.is(value_type::map) && !v.is(value_type::list))
    return e.fail("expected a map or a list", v.type);
  out = {v.is(value_type::map), v.bytes};
  return true;
}

/// Calls `on_element(key or place, any)` for each, until it returns false.
template <class OnElement>
void for_each_element(const collection& collection, OnElement&& on_element) {
  bool goes_on = true;
  if (collection.is_map) {
    for_each_entry(collection.body, [&](std::string_view key, std::string_view any) {
      goes_on = goes_on && on_element(value::of_string(key), any);
    });
    return;
  }
  std::int64_t place = 0;
  for_each_item(collection.body, [&](std::string_view any) {
    goes_on = goes_on && on_element(value::of(place++), any);
  });
}

bool test(evaluation& e, const argument& predicate, const value& key, std::string_view any,
          bool& out) {
  value answer;
  if (!e.apply(predicate, {key, from_wire(any)}, answer))
    return false;
  if (!answer.is(value_type::boolean))
    return e.fail("expected a boolean of the lambda", answer.type);
  out = answer.boolean;
  return true;
}

/// Whether an element is one for which the lambda gives `wanted`.
bool has_one(evaluation& e, const call_info& c, bool wanted, bool& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source))
    return false;
  bool good = true;
  out = false;
  for_each_element(source, [&](const value& key, std::string_view any) {
    bool holds = false;
    good = test(e, c.arguments[1], key, any, holds);
    out = good && holds == wanted;
    return good && !out;
  });
  return good;
}

bool any_of(evaluation& e, const call_info& c, value& out) {
  bool found = false;
  if (!has_one(e, c, true, found))
    return false;
  out = value::of(found);
  return true;
}

bool all_of(evaluation& e, const call_info& c, value& out) {
  bool found = false;
  if (!has_one(e, c, false, found))
    return false;
  out = value::of(!found);
  return true;
}

bool filter(evaluation& e, const call_info& c, value& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source))
    return false;
  text_builder made(e.in().memory);
  bool good = true;
  for_each_element(source, [&](const value& key, std::string_view any) {
    bool stays = false;
    good = test(e, c.arguments[1], key, any, stays);
    if (stays && source.is_map)
      append_any_pair(made, key.bytes, any);
    else if (stays)
      append_any(made, any);
    return good;
  });
  return good && e.finish(made, source.is_map ? value_type::map : value_type::list, out);
}

bool find(evaluation& e, const call_info& c, value& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source))
    return false;
  bool good = true;
  for_each_element(source, [&](const value& key, std::string_view any) {
    bool found = false;
    good = test(e, c.arguments[1], key, any, found);
    if (found && c.arguments[2].given())
      good = e.apply(c.arguments[2], {key, from_wire(any)}, out);
    else if (found)
      out = from_wire(any);
    return good && !found;
  });
  return good;
}

bool map_each(evaluation& e, const call_info& c, value& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source))
    return false;
  text_builder made(e.in().memory);
  bool good = true;
  for_each_element(source, [&](const value& key, std::string_view any) {
    value v;
    good = e.apply(c.arguments[1], {key, from_wire(any)}, v);
    if (good && !is_storable(v))
      good = e.fail("expected a value of the lambda that a map or list can hold", v.type);
    if (good && source.is_map)
      append_pair(made, key.bytes, v);
    else if (good)
      append_element(made, v);
    return good;
  });
  return good && e.finish(made, source.is_map ? value_type::map : value_type::list, out);
}

/// Of a key that is made twice the last value counts, in the place of the first.
bool map_keys(evaluation& e, const call_info& c, value& out) {
  std::string_view source;
  if (!e.get_map(c.arguments[0], source))
    return false;
  std::vector<map_entry> entries;
  std::unordered_map<std::string_view, std::size_t> places;
  bool good = true;
  for_each_entry(source, [&](std::string_view key, std::string_view any) {
    value made;
    good = good && e.apply(c.arguments[1], {value::of_string(key), from_wire(any)}, made);
    if (good && !made.is(value_type::string))
      good = e.fail("expected a string of the lambda", made.type);
    if (!good)
      return;
    const auto [place, is_new] = places.try_emplace(made.bytes, entries.size());
    if (is_new)
      entries.push_back({made.bytes, any});
    else
      entries[place->second].any = any;
  });
  text_builder map(e.in().memory);
  for (const auto& entry : entries)
    append_any_pair(map, entry.key, entry.any);
  return good && e.finish(map, value_type::map, out);
}

bool reduce(evaluation& e, const call_info& c, value& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source) || !e.get(c.arguments[1], out))
    return false;
  bool good = true;
  for_each_element(source, [&](const value& key, std::string_view any) {
    const auto so_far = out;
    out = {};
    good = e.apply(c.arguments[2], {so_far, key, from_wire(any)}, out);
    return good;
  });
  return good;
}

bool when(evaluation& e, const call_info& c, value& out) {
  value holds;
  if (!e.apply(c.arguments[0], {}, holds))
    return false;
  if (!holds.is(value_type::boolean))
    return e.fail("expected a boolean of the lambda", holds.type);
  return e.get(c.arguments[holds.boolean ? 1 : 2], out);
}

} // namespace

std::span<const function_info> lambda_functions() {
  constexpr auto a_value = result_type::any;
  constexpr auto yes_or_no = result_type::boolean;
  static const std::vector<function_info> table{
      {"Any", yes_or_no, {{"source", any}, {"predicate", lambda, false, 2}}, &any_of},
      {"All", yes_or_no, {{"source", any}, {"predicate", lambda, false, 2}}, &all_of},
      {"Filter", a_value, {{"source", any}, {"predicate", lambda, false, 2}}, &filter},
      {"Find",
       a_value,
       {{"source", any}, {"predicate", lambda, false, 2}, {"mapper", lambda, true, 2}},
       &find},
      {"MapEach", a_value, {{"source", any}, {"mapper", lambda, false, 2}}, &map_each},
      {"MapKeys", a_value, {{"source", map}, {"key_mapper", lambda, false, 2}}, &map_keys},
      {"Reduce",
       a_value,
       {{"source", any}, {"seed", any}, {"accumulator", lambda, false, 3}},
       &reduce},
      {"When",
       a_value,
       {{"condition", lambda, false, 0}, {"true_value", any}, {"false_value", any}},
       &when},
  };
  return table;
}

} // namespace weir::ottl
