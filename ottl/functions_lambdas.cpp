#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

#include <unordered_map>

// Functions that call a lambda, mostly for each pair of a map or element of a list.
namespace weir::ottl {

namespace {

using enum parameter_type;

struct collection {
  value_type type = value_type::nil; ///< A map or a list.
  std::string_view body;

  bool is_map() const noexcept { return type == value_type::map; }
};

bool get_collection(evaluation& e, const argument& a, collection& out) {
  value v;
  if (!e.get(a, v))
    return false;
  if (!v.is(value_type::map) && !v.is(value_type::list))
    return e.fail("expected a map or a list", v.type);
  out = {v.type, v.bytes};
  return true;
}

/// Calls `on_element(key or place, any)` for each, until it returns false; then that is returned.
template <class OnElement>
bool for_each_element(const collection& collection, OnElement&& on_element) {
  bool goes_on = true;
  if (collection.is_map()) {
    for_each_entry(collection.body, [&](std::string_view key, std::string_view any) {
      goes_on = goes_on && on_element(value::of_string(key), any);
    });
    return goes_on;
  }
  std::int64_t place = 0;
  for_each_item(collection.body, [&](std::string_view any) {
    goes_on = goes_on && on_element(value::of(place++), any);
  });
  return goes_on;
}

bool test(evaluation& e, const argument& predicate, std::initializer_list<value> arguments,
          bool& out) {
  value answer;
  if (!e.apply(predicate, arguments, answer))
    return false;
  if (!answer.is(value_type::boolean))
    return e.fail("expected a boolean of the lambda", answer.type);
  out = answer.boolean;
  return true;
}

/// Calls `on_answer(key or place, any, whether the predicate holds)` for each element, until it
/// returns false. False: the predicate failed.
template <class OnAnswer>
bool test_each(evaluation& e, const collection& collection, const argument& predicate,
               OnAnswer&& on_answer) {
  bool good = true;
  for_each_element(collection, [&](const value& key, std::string_view any) {
    bool holds = false;
    good = test(e, predicate, {key, from_wire(any)}, holds);
    return good && on_answer(key, any, holds);
  });
  return good;
}

/// `decisive` as soon as the predicate says so of one element, else the opposite.
bool decide_by_one(evaluation& e, const call_info& c, bool decisive, value& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source))
    return false;
  bool found = false;
  if (!test_each(e, source, c.arguments[1], [&](const value&, std::string_view, bool holds) {
        found = holds == decisive;
        return !found;
      }))
    return false;
  out = value::of(found == decisive);
  return true;
}

bool any_of(evaluation& e, const call_info& c, value& out) {
  return decide_by_one(e, c, true, out);
}

bool all_of(evaluation& e, const call_info& c, value& out) {
  return decide_by_one(e, c, false, out);
}

bool filter(evaluation& e, const call_info& c, value& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source))
    return false;
  text_builder made(e.in().memory);
  const auto keep = [&](const value& key, std::string_view any, bool stays) {
    if (stays && source.is_map())
      append_any_pair(made, key.bytes, any);
    else if (stays)
      append_any(made, any);
    return true;
  };
  return test_each(e, source, c.arguments[1], keep) && e.finish(made, source.type, out);
}

bool find(evaluation& e, const call_info& c, value& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source))
    return false;
  bool good = true;
  const auto take = [&](const value& key, std::string_view any, bool found) {
    if (found && c.arguments[2].given())
      good = e.apply(c.arguments[2], {key, from_wire(any)}, out);
    else if (found)
      out = from_wire(any);
    return !found;
  };
  return test_each(e, source, c.arguments[1], take) && good;
}

bool map_each(evaluation& e, const call_info& c, value& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source))
    return false;
  text_builder made(e.in().memory);
  const auto put = [&](const value& key, std::string_view any) {
    value v;
    if (!e.apply(c.arguments[1], {key, from_wire(any)}, v))
      return false;
    if (!is_storable(v))
      return e.fail("expected a value of the lambda that a map or list can hold", v.type);
    if (source.is_map())
      append_pair(made, key.bytes, v);
    else
      append_element(made, v);
    return true;
  };
  return for_each_element(source, put) && e.finish(made, source.type, out);
}

/// Of a key that is made twice the last value counts, in the place of the first.
bool map_keys(evaluation& e, const call_info& c, value& out) {
  collection source{.type = value_type::map, .body = {}};
  if (!e.get_map(c.arguments[0], source.body))
    return false;
  std::vector<map_entry> entries;
  std::unordered_map<std::string_view, std::size_t> places;
  const auto rename = [&](const value& key, std::string_view any) {
    value made;
    if (!e.apply(c.arguments[1], {key, from_wire(any)}, made))
      return false;
    if (!made.is(value_type::string))
      return e.fail("expected a string of the lambda", made.type);
    const auto [place, is_new] = places.try_emplace(made.bytes, entries.size());
    if (is_new)
      entries.push_back({made.bytes, any});
    else
      entries[place->second].any = any;
    return true;
  };
  if (!for_each_element(source, rename))
    return false;
  text_builder map(e.in().memory);
  for (const auto& entry : entries)
    append_any_pair(map, entry.key, entry.any);
  return e.finish(map, value_type::map, out);
}

bool reduce(evaluation& e, const call_info& c, value& out) {
  collection source;
  if (!get_collection(e, c.arguments[0], source) || !e.get(c.arguments[1], out))
    return false;
  return for_each_element(source, [&](const value& key, std::string_view any) {
    const auto so_far = out;
    out = {};
    return e.apply(c.arguments[2], {so_far, key, from_wire(any)}, out);
  });
}

bool when(evaluation& e, const call_info& c, value& out) {
  bool holds = false;
  return test(e, c.arguments[0], {}, holds) && e.get(c.arguments[holds ? 1 : 2], out);
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
