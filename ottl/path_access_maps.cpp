#include "ottl/path_access.hpp"

// Attributes, a body, the cache, and what keys lead to within them.
namespace weir::ottl {

namespace {

/// The entries of a map with the value of one key put in, in its place or at the end.
void put_key(text_builder& made, std::string_view map, std::string_view key, const value& v) {
  bool put = false;
  for_each_entry(map, [&](std::string_view name, std::string_view any) {
    if (name != key || put)
      return append_any_pair(made, name, any);
    put = true;
    append_pair(made, name, v);
  });
  if (!put)
    append_pair(made, key, v);
}

/// The elements of a list with one put in; nil up to there, where it is shorter.
void put_place(text_builder& made, std::string_view list, std::int64_t place, const value& v) {
  std::int64_t n = 0;
  for_each_item(
      list, [&](std::string_view any) { append_element(made, n++ == place ? v : from_wire(any)); });
  for (; n <= place; ++n)
    append_element(made, n == place ? v : value{});
}

} // namespace

bool path_access::get_attributes(value& out) {
  auto& i = on();
  if (path_.keys.count != 0) {
    resolved_key k;
    if (!first_key(k))
      return false;
    if (!k.is_text)
      return e_.fail("expected a string as the key of a map", value_type::integer);
    const auto any = i.get(k.text);
    if (!any)
      return true; // nil, whatever keys follow
    out = from_wire(*any);
    return get_keys(out, 1);
  }
  if (info_.context == context_kind::resource || info_.context == context_kind::scope) {
    // Many items ask for the same: made once.
    out = value::of_bytes(value_type::map, i.attributes_as_map());
    return true;
  }
  text_builder map(e_.workspace_.memory);
  map.expect(i.map_bytes());
  i.for_each_attribute([&](auto& a) { append_any_pair(map, a.key(), a.any()); });
  return e_.finish(map, value_type::map, out);
}

bool path_access::get_cache(value& out) {
  out = value::of_bytes(value_type::map, e_.workspace_.cache);
  return get_keys(out, 0);
}

bool path_access::get_body(value& out) {
  out = from_wire(on().bytes(info_.field));
  if (path_.keys.count != 0 && !out.is(value_type::map) && !out.is(value_type::list))
    return e_.fail("expected a body with keys or places", out.type);
  return get_keys(out, 0);
}

// Here an empty body is an empty text, and bytes are base64.
bool path_access::get_body_text(value& out) {
  e_.workspace_.text.clear();
  append_text(e_.workspace_.text, on().bytes(info_.field));
  return finish_text(out);
}

bool path_access::get_keys(value& v, std::uint32_t skipped) {
  for (auto n = skipped; n < path_.keys.count; ++n) {
    resolved_key k;
    if (!resolve(e_, e_.p_.keys[path_.keys.first + n], k))
      return false;
    if (v.is(value_type::map) && k.is_text) {
      const auto found = map_at(v.bytes, k.text);
      v = found.value_or(value{});
      if (!found)
        return true;
    } else if (v.is(value_type::list) && !k.is_text) {
      const auto found = list_at(v.bytes, k.place);
      if (!found)
        return e_.fail("the place is not in the list");
      v = *found;
    } else {
      return e_.fail(k.is_text ? "expected a map to look for a key in"
                               : "expected a list to look for a place in",
                     v.type);
    }
  }
  return true;
}

bool path_access::set_attributes(const value& v) {
  auto& i = on();
  std::string_view any;
  if (path_.keys.count == 0) {
    if (!check_type(v) || !store_text(v.bytes, any))
      return false;
    i.set_attributes(any);
    return true;
  }
  resolved_key k;
  if (!first_key(k))
    return false;
  if (!k.is_text)
    return e_.fail("expected a string as the key of a map", value_type::integer);
  auto made = v;
  if (path_.keys.count > 1) {
    const auto present = i.get(k.text);
    if (!set_in(present ? from_wire(*present) : value{}, 1, v, made))
      return false;
  }
  auto name = k.text;
  if (e_.p_.keys[path_.keys.first].form == key::kind::computed && !store_text(k.text, name))
    return false;
  if (!store(made, any))
    return false;
  i.set(name, any);
  return true;
}

bool path_access::set_body(const value& v) {
  auto& i = on();
  auto made = v;
  if (path_.keys.count != 0) {
    const auto present = from_wire(i.bytes(info_.field));
    if (!present.is(value_type::map) && !present.is(value_type::list))
      return e_.fail("expected a body with keys or places", present.type);
    if (!set_in(present, 0, v, made))
      return false;
  }
  std::string_view any;
  if (!store(made, any))
    return false;
  i.set_bytes(info_.field, any);
  return true;
}

bool path_access::set_cache(const value& v) {
  auto made = v;
  if (path_.keys.count == 0) {
    if (!check_type(v))
      return false;
  } else if (!set_in(value::of_bytes(value_type::map, e_.workspace_.cache), 0, v, made)) {
    return false;
  }
  e_.workspace_.cache = made.bytes;
  return true;
}

bool path_access::set_in(const value& current, std::uint32_t skipped, const value& v, value& out) {
  if (skipped == path_.keys.count) {
    if (!is_storable(v))
      return e_.fail("expected a value that an attribute can hold", v.type);
    out = v;
    return true;
  }
  resolved_key k;
  if (!resolve(e_, e_.p_.keys[path_.keys.first + skipped], k))
    return false;
  const auto wanted = k.is_text ? value_type::map : value_type::list;
  if (!current.is(wanted) && !current.is_nil())
    return e_.fail(k.is_text ? "expected a map to write a key to"
                             : "expected a list to write a place of",
                   current.type);
  const auto present = k.is_text ? map_at(current.bytes, k.text) : list_at(current.bytes, k.place);
  if (!k.is_text && !present && (!current.is_nil() || k.place < 0 || k.place > max_filled))
    return e_.fail("the place is not in the list");
  value element;
  if (!set_in(present.value_or(value{}), skipped + 1, v, element))
    return false;
  text_builder made(e_.workspace_.memory);
  if (k.is_text)
    put_key(made, current.bytes, k.text, element);
  else
    put_place(made, current.bytes, k.place, element);
  return e_.finish(made, wanted, out);
}

} // namespace weir::ottl
