#include "ottl/replacing.hpp"

#include <algorithm>

namespace weir::ottl {

namespace {

using enum parameter_type;

bool set(evaluation& e, const call_info& c, value&) {
  const auto& argument = e.node(c.arguments[1]);
  if (argument.form == expression::kind::literal)
    return e.write_literal(c.arguments[0], argument);
  value v;
  if (!e.get(c.arguments[1], v))
    return false;
  return e.write(c.arguments[0], v);
}

bool replace_pattern(evaluation& e, const call_info& c, value&) {
  value v;
  if (!e.read(c.arguments[0], v))
    return false;
  if (!v.is(value_type::string) || !e.regex(c.arguments[1]).matches(v.bytes))
    return true;
  bool replaced = false;
  std::string_view made;
  if (!replace_matches(e, c, 1, v.bytes, replaced, made))
    return false;
  return !replaced || e.write(c.arguments[0], value::of_string(made));
}

bool replace_match(evaluation& e, const call_info& c, value&) {
  value v;
  std::string_view replacement;
  if (!e.read(c.arguments[0], v) || !e.get_text(c.arguments[2], replacement)
      || !make_replacement(e, replacement, c.arguments[3], c.arguments[4], replacement))
    return false;
  if (!v.is(value_type::string) || !e.regex(c.arguments[1]).matches(v.bytes))
    return true;
  return e.write(c.arguments[0], value::of_string(replacement));
}

bool append(evaluation& e, const call_info& c, value&) {
  value present;
  if (!e.read(c.arguments[0], present))
    return false;
  text_builder list(e.in().memory);
  if (present.is(value_type::list))
    list.append(present.bytes);
  else if (present.is(value_type::map) || present.is(value_type::bytes))
    return e.fail("expected a list or a single value to append to", present.type);
  else if (!present.is_nil())
    append_element(list, present);
  if (c.arguments[1].given()) {
    value v;
    if (!e.get(c.arguments[1], v))
      return false;
    if (!is_storable(v))
      return e.fail("expected a value that a list can hold", v.type);
    append_element(list, v);
  }
  if (c.arguments[2].given()) {
    value more;
    if (!e.get_of(c.arguments[2], value_type::list, more))
      return false;
    list.append(more.bytes);
  }
  value made;
  return e.finish(list, value_type::list, made) && e.write(c.arguments[0], made);
}

std::string check_append(const program&, const call_info& c) {
  return c.arguments[1].given() || c.arguments[2].given()
             ? ""
             : "found nothing to append, expected the argument `value` or `values`";
}

std::string check_replace_pattern(const program& code, const call_info& c) {
  return check_format(code, c.arguments[4]);
}

} // namespace

std::span<const function_info> editor_functions() {
  constexpr auto nothing = result_type::nothing;
  static const std::vector<function_info> table{
      {"set", nothing, {{"target", target}, {"value", any}}, &set},
      {"replace_pattern",
       nothing,
       {{"target", target},
        {"regex_pattern", regex},
        {"replacement", text},
        {"function", parameter_type::converter, true},
        {"replacement_format", text_literal, true}},
       &replace_pattern,
       &check_replace_pattern},
      {"replace_match",
       nothing,
       {{"target", target},
        {"pattern", glob},
        {"replacement", text},
        {"function", parameter_type::converter, true},
        {"replacement_format", text_literal, true}},
       &replace_match,
       &check_replace_pattern},
      {"append",
       nothing,
       {{"target", target}, {"value", any, true}, {"values", list, true}},
       &append,
       &check_append},
  };
  return table;
}

} // namespace weir::ottl
