#include "ottl/evaluation.hpp"

#include "editing/work.hpp"
#include "ottl/path_access.hpp"

#include <cmath>
#include <fmt/format.h>
#include <limits>

namespace weir::ottl {

item* subject::at(context_kind kind) const noexcept {
  switch (kind) {
  case context_kind::resource:
    return resource;
  case context_kind::scope:
    return scope;
  case context_kind::span:
    return span;
  case context_kind::spanevent:
    return event;
  case context_kind::metric:
    return metric;
  case context_kind::datapoint:
    return point;
  case context_kind::log:
    return log;
  }
  return nullptr;
}

std::string to_string(const failure& f) {
  return f.shows_found ? fmt::format("{}, found {}", f.reason, to_string(f.found)) : f.reason;
}

workspace& thread_workspace() {
  static thread_local workspace mine;
  return mine;
}

bool evaluation::run() {
  bool wanted = true;
  if (!holds(wanted))
    return false;
  value nothing;
  return !wanted || get(p_.editor, nothing);
}

bool evaluation::holds(bool& out) {
  out = true;
  return p_.condition == program::none || get_boolean(p_.condition, out);
}

bool evaluation::get_boolean(std::uint32_t number, bool& out) {
  const auto& e = p_.expressions[number];
  switch (e.form) {
  case expression::kind::compare: {
    value left;
    value right;
    if (!get(part(e, 0), left) || !get(part(e, 1), right))
      return false;
    out = compare(left, right, e.op);
    return true;
  }
  case expression::kind::not_:
    if (!get_boolean(part(e, 0), out))
      return false;
    out = !out;
    return true;
  case expression::kind::and_:
  case expression::kind::or_: {
    const bool decides = e.form == expression::kind::or_;
    for (std::uint32_t i = 0; i < e.parts.count; ++i) {
      if (!get_boolean(part(e, i), out))
        return false;
      if (out == decides)
        return true;
    }
    return true;
  }
  default: {
    value v;
    if (!get(number, v))
      return false;
    if (!v.is(value_type::boolean))
      return fail("expected a boolean", v.type);
    out = v.boolean;
    return true;
  }
  }
}

bool evaluation::get(std::uint32_t number, value& out) {
  const bool good = find(number, out);
  work().spend(10 + out.bytes.size() / 4);
  return good;
}

bool evaluation::find(std::uint32_t number, value& out) {
  const auto& e = p_.expressions[number];
  switch (e.form) {
  case expression::kind::literal:
    out = e.literal;
    return true;
  case expression::kind::path:
    return path_access(*this, p_.paths[e.index]).get(out);
  case expression::kind::local:
    out = workspace_.locals[e.index];
    return index(out, e.parts);
  case expression::kind::call:
    return call(e, out);
  case expression::kind::list:
    return get_list(e, out);
  case expression::kind::map:
    return get_made_map(e, out);
  case expression::kind::negate:
    return negate(e, out);
  case expression::kind::arithmetic:
    return calculate(e, out);
  default: {
    bool boolean = false;
    if (!get_boolean(number, boolean))
      return false;
    out = value::of(boolean);
    return true;
  }
  }
}

bool evaluation::get_list(const expression& e, value& out) {
  text_builder list(workspace_.memory);
  for (std::uint32_t i = 0; i < e.parts.count; ++i) {
    value element;
    if (!get(part(e, i), element))
      return false;
    if (!is_storable(element))
      return fail("expected a value that a list can hold", element.type);
    append_element(list, element);
  }
  return finish(list, value_type::list, out);
}

bool evaluation::get_made_map(const expression& e, value& out) {
  text_builder map(workspace_.memory);
  for (std::uint32_t i = 0; i < e.parts.count; ++i) {
    value element;
    if (!get(part(e, i), element))
      return false;
    if (!is_storable(element))
      return fail("expected a value that a map can hold", element.type);
    append_pair(map, e.names[i], element);
  }
  return finish(map, value_type::map, out);
}

bool evaluation::negate(const expression& e, value& out) {
  if (!get(part(e, 0), out))
    return false;
  if (out.is(value_type::integer))
    out.integer = static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(out.integer));
  else if (out.is(value_type::real))
    out.real = -out.real;
  else
    return fail("expected a number behind `-`", out.type);
  return true;
}

namespace {

/// As Go has it: overflow wraps round. Division by 0 was refused.
std::int64_t calculate_integer(std::int64_t a, std::int64_t b, operation op) {
  const auto x = static_cast<std::uint64_t>(a);
  const auto y = static_cast<std::uint64_t>(b);
  switch (op) {
  case operation::add:
    return static_cast<std::int64_t>(x + y);
  case operation::subtract:
    return static_cast<std::int64_t>(x - y);
  case operation::multiply:
    return static_cast<std::int64_t>(x * y);
  default:
    return b == -1 ? static_cast<std::int64_t>(0 - x) : a / b;
  }
}

double calculate_real(double a, double b, operation op) {
  switch (op) {
  case operation::add:
    return a + b;
  case operation::subtract:
    return a - b;
  case operation::multiply:
    return a * b;
  default:
    return a / b;
  }
}

bool is_number(const value& v) {
  return v.is(value_type::integer) || v.is(value_type::real);
}
double real_of(const value& v) {
  return v.is(value_type::real) ? v.real : static_cast<double>(v.integer);
}

/// Times and durations: nil where the two cannot be put together.
value_type time_result(value_type a, value_type b, operation op) {
  constexpr auto time = value_type::time;
  constexpr auto duration = value_type::duration;
  if (op == operation::add) {
    if (a == duration && b == duration)
      return duration;
    return (a == time && b == duration) || (a == duration && b == time) ? time : value_type::nil;
  }
  if (op != operation::subtract)
    return value_type::nil;
  if (a == b && (a == time || a == duration))
    return duration;
  return a == time && b == duration ? time : value_type::nil;
}

} // namespace

bool evaluation::calculate(const expression& e, value& out) {
  value left;
  value right;
  if (!get(part(e, 0), left) || !get(part(e, 1), right))
    return false;
  if (const auto type = time_result(left.type, right.type, e.op); type != value_type::nil) {
    out = value::of_time(type, calculate_integer(left.integer, right.integer, e.op));
    return true;
  }
  if (!is_number(left) || !is_number(right))
    return fail("expected a number to calculate with", is_number(left) ? right.type : left.type);
  if (e.op == operation::divide && real_of(right) == 0)
    return fail("division by 0");
  if (left.is(value_type::integer) && right.is(value_type::integer))
    out = value::of(calculate_integer(left.integer, right.integer, e.op));
  else
    out = value::of(calculate_real(real_of(left), real_of(right), e.op));
  return true;
}

bool evaluation::call(const expression& e, value& out) {
  const auto& info = p_.calls[e.index];
  out = {};
  return info.body(*this, info, out) && index(out, info.keys);
}

/// What keys behind a converter lead to; here a missing key is an error, as in the Collector.
bool evaluation::index(value& v, const range& keys) {
  for (std::uint32_t i = 0; i < keys.count; ++i) {
    resolved_key k;
    if (!path_access::resolve(*this, p_.keys[keys.first + i], k))
      return false;
    if (!v.is(k.is_text ? value_type::map : value_type::list))
      return fail(k.is_text ? "expected a map to look for a key in"
                            : "expected a list to look for a place in",
                  v.type);
    const auto found = k.is_text ? map_at(v.bytes, k.text) : list_at(v.bytes, k.place);
    if (!found)
      return fail(k.is_text ? "the map does not have the key" : "the place is not in the list");
    v = *found;
  }
  return true;
}

// -- arguments --

bool evaluation::get_of(const argument& a, value_type type, value& out) {
  if (!get(a, out))
    return false;
  if (out.type == type)
    return true;
  switch (type) {
  case value_type::string:
    return fail("expected a string", out.type);
  case value_type::integer:
    return fail("expected a whole number", out.type);
  case value_type::boolean:
    return fail("expected a boolean", out.type);
  case value_type::map:
    return fail("expected a map", out.type);
  case value_type::time:
    return fail("expected a time", out.type);
  case value_type::duration:
    return fail("expected a duration", out.type);
  default:
    return fail("expected another type", out.type);
  }
}

template <class T>
bool evaluation::get_member(const argument& a, value_type type, T value::*member, T& out) {
  value v;
  if (!get_of(a, type, v))
    return false;
  out = v.*member;
  return true;
}

bool evaluation::get_text(const argument& a, std::string_view& out) {
  return get_member(a, value_type::string, &value::bytes, out);
}

bool evaluation::get_integer(const argument& a, std::int64_t& out) {
  return get_member(a, value_type::integer, &value::integer, out);
}

bool evaluation::get_boolean(const argument& a, bool& out) {
  return get_member(a, value_type::boolean, &value::boolean, out);
}

bool evaluation::get_map(const argument& a, std::string_view& out) {
  return get_member(a, value_type::map, &value::bytes, out);
}

bool evaluation::get_text_like(const argument& a, std::string_view& out, bool& is_nil) {
  value v;
  if (!get(a, v))
    return false;
  is_nil = v.is_nil();
  return is_nil || as_text(v, out);
}

bool evaluation::apply(const argument& lambda, std::initializer_list<value> values, value& out) {
  const auto& e = node(lambda);
  if (workspace_.locals.size() < p_.locals)
    workspace_.locals.resize(p_.locals);
  std::copy(values.begin(), values.end(), workspace_.locals.begin() + e.index);
  return get(part(e, 0), out);
}

bool evaluation::read(const argument& target, value& out) {
  return path_access(*this, p_.paths[node(target).index]).get(out);
}

bool evaluation::write(const argument& target, const value& v) {
  return path_access(*this, p_.paths[node(target).index]).set(v);
}

bool evaluation::write_literal(const argument& target, const expression& literal) {
  return path_access(*this, p_.paths[node(target).index]).set_literal(literal);
}

item* evaluation::attributes_item(const argument& target) const {
  const auto& path = p_.paths[node(target).index];
  return path.info->form == access::attributes && path.keys.count == 0
             ? subject_.at(path.info->context)
             : nullptr;
}

bool evaluation::convert(function_body function, std::string_view text, value& out) {
  static const call_info on_text{nullptr, {{argument::text_in_hand, -1, nullptr}}, {}};
  text_in_hand_ = text;
  return function(*this, on_text, out);
}

} // namespace weir::ottl
