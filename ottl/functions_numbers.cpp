#include "otlp/json_text.hpp"
#include "ottl/convert.hpp"
#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

#include <algorithm>

namespace weir::ottl {

namespace {

using enum parameter_type;

constexpr std::uint8_t spans_only = 1U << static_cast<unsigned>(context_kind::span);

template <value_type Type>
bool is_of(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  out = value::of(v.is(Type));
  return true;
}

bool is_list(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  out = value::of(v.is(value_type::list) || v.is(value_type::items));
  return true;
}

bool is_root_span(evaluation& e, const call_info&, value& out) {
  constexpr std::uint32_t parent_span_id = 4;
  const auto parent = e.on().span->bytes(parent_span_id);
  out = value::of(std::all_of(parent.begin(), parent.end(), [](char c) { return c == 0; }));
  return true;
}

bool to_int(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  switch (v.type) {
  case value_type::nil:
  case value_type::integer:
    out = v;
    return true;
  case value_type::boolean:
    out = value::of(std::int64_t{v.boolean});
    return true;
  case value_type::real:
    out = value::of(to_integer(v.real));
    return true;
  case value_type::string: {
    const auto number = parse_integer(v.bytes);
    if (!number)
      return e.fail("expected a string that is a whole number");
    out = value::of(*number);
    return true;
  }
  default:
    return e.fail("expected a value that can be a whole number", v.type);
  }
}

bool to_double(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  switch (v.type) {
  case value_type::nil:
  case value_type::real:
    out = v;
    return true;
  case value_type::boolean:
    out = value::of(v.boolean ? 1.0 : 0.0);
    return true;
  case value_type::integer:
    out = value::of(static_cast<double>(v.integer));
    return true;
  case value_type::string: {
    const auto number = parse_real(v.bytes);
    if (!number)
      return e.fail("expected a string that is a number");
    out = value::of(*number);
    return true;
  }
  default:
    return e.fail("expected a value that can be a number", v.type);
  }
}

bool to_bool(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  switch (v.type) {
  case value_type::nil:
  case value_type::boolean:
    out = v;
    return true;
  case value_type::integer:
    out = value::of(v.integer != 0);
    return true;
  case value_type::real:
    out = value::of(v.real != 0);
    return true;
  case value_type::string: {
    const auto boolean = parse_boolean(v.bytes);
    if (!boolean)
      return e.fail("expected a string that is a boolean");
    out = value::of(*boolean);
    return true;
  }
  default:
    return e.fail("expected a value that can be a boolean", v.type);
  }
}

bool to_text(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  bool is_nil = false;
  if (!e.get_text_like(c.arguments[0], text, is_nil))
    return false;
  out = is_nil ? value{} : value::of_string(text);
  return true;
}

bool length(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  switch (v.type) {
  case value_type::string:
  case value_type::bytes:
    out = value::of(static_cast<std::int64_t>(v.bytes.size()));
    return true;
  case value_type::list:
  case value_type::map:
    out = value::of(static_cast<std::int64_t>(list_size(v.bytes)));
    return true;
  case value_type::items:
    out = value::of(v.integer);
    return true;
  default:
    return e.fail("expected a string, list or map to count", v.type);
  }
}

bool hex(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  std::string& text = e.in().text;
  text.clear();
  const auto big_endian = [&](std::uint64_t bits) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      const char byte = static_cast<char>(bits >> shift);
      otlp::append_hex({&byte, 1}, text);
    }
  };
  if (v.is(value_type::string) || v.is(value_type::bytes))
    otlp::append_hex(v.bytes, text);
  else if (v.is(value_type::integer))
    big_endian(static_cast<std::uint64_t>(v.integer));
  else if (v.is(value_type::real))
    big_endian(std::bit_cast<std::uint64_t>(v.real));
  else if (v.is(value_type::boolean))
    text = v.boolean ? "01" : "00";
  else if (!v.is_nil())
    return e.fail("expected a value that has bytes", v.type);
  text_builder made(e.in().memory);
  made.append(text);
  return e.finish(made, value_type::string, out);
}

bool id(evaluation& e, const call_info& c, value_type type, std::size_t size, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  const bool has_bytes = v.is(value_type::bytes) || v.is(value_type::string);
  if (has_bytes && v.bytes.size() == size) {
    out = value::of_bytes(type, v.bytes);
    return true;
  }
  e.in().text.clear();
  if (!has_bytes || v.bytes.size() != 2 * size || !otlp::append_from_hex(v.bytes, e.in().text))
    return e.fail("expected the bytes of an id, or their hexadecimal digits", v.type);
  text_builder made(e.in().memory);
  made.append(e.in().text);
  return e.finish(made, type, out);
}
bool trace_id(evaluation& e, const call_info& c, value& out) {
  return id(e, c, value_type::trace_id, 16, out);
}
bool span_id(evaluation& e, const call_info& c, value& out) {
  return id(e, c, value_type::span_id, 8, out);
}

bool keys(evaluation& e, const call_info& c, value& out) {
  std::string_view map;
  if (!e.get_map(c.arguments[0], map))
    return false;
  text_builder list(e.in().memory);
  for_each_entry(map, [&](std::string_view key, std::string_view) {
    append_element(list, value::of_string(key));
  });
  return e.finish(list, value_type::list, out);
}

bool values(evaluation& e, const call_info& c, value& out) {
  std::string_view map;
  if (!e.get_map(c.arguments[0], map))
    return false;
  text_builder list(e.in().memory);
  for_each_entry(map, [&](std::string_view, std::string_view any) { append_any(list, any); });
  return e.finish(list, value_type::list, out);
}

bool contains_value(evaluation& e, const call_info& c, value& out) {
  value list;
  value wanted;
  if (!e.get_of(c.arguments[0], value_type::list, list) || !e.get(c.arguments[1], wanted))
    return false;
  bool found = false;
  for_each_item(list.bytes, [&](std::string_view any) {
    found = found || compare(from_wire(any), wanted, operation::equal);
  });
  out = value::of(found);
  return true;
}

bool coalesce(evaluation& e, const call_info& c, value& out) {
  const auto& candidates = e.node(c.arguments[0]);
  for (std::uint32_t i = 0; i < candidates.parts.count; ++i) {
    if (!e.get(e.code().parts[candidates.parts.first + i], out))
      return false;
    if (!out.is_nil())
      return true;
  }
  return true;
}

std::string check_coalesce(const program& code, const call_info& c) {
  const auto& candidates = code.expressions[c.arguments[0].expression];
  return candidates.form == expression::kind::list && candidates.parts.count > 0
             ? ""
             : "found no list, expected one with a value in it";
}

} // namespace

std::span<const function_info> number_functions() {
  constexpr auto any_value = result_type::any;
  constexpr auto boolean_value = result_type::boolean;
  static const std::vector<function_info> table{
      {"IsString", boolean_value, {{"target", any}}, &is_of<value_type::string>},
      {"IsInt", boolean_value, {{"target", any}}, &is_of<value_type::integer>},
      {"IsDouble", boolean_value, {{"target", any}}, &is_of<value_type::real>},
      {"IsBool", boolean_value, {{"target", any}}, &is_of<value_type::boolean>},
      {"IsMap", boolean_value, {{"target", any}}, &is_of<value_type::map>},
      {"IsList", boolean_value, {{"target", any}}, &is_list},
      {"IsRootSpan", boolean_value, {}, &is_root_span, nullptr, spans_only},
      {"Int", any_value, {{"target", any}}, &to_int},
      {"Double", any_value, {{"target", any}}, &to_double},
      {"Bool", any_value, {{"target", any}}, &to_bool},
      {"String", any_value, {{"target", any}}, &to_text},
      {"Len", any_value, {{"target", any}}, &length},
      {"Hex", any_value, {{"target", any}}, &hex},
      {"TraceID", any_value, {{"target", any}}, &trace_id},
      {"SpanID", any_value, {{"target", any}}, &span_id},
      {"Keys", any_value, {{"target", map}}, &keys},
      {"Values", any_value, {{"target", map}}, &values},
      {"ContainsValue", boolean_value, {{"target", list}, {"item", any}}, &contains_value},
      {"Coalesce", any_value, {{"values", list}}, &coalesce, &check_coalesce},
  };
  return table;
}

} // namespace weir::ottl
