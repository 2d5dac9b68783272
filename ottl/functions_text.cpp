#include "codec/digest.hpp"
#include "core/utf8.hpp"
#include "otlp/json_text.hpp"
#include "ottl/convert.hpp"
#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

#include <algorithm>
#include <cmath>

namespace weir::ottl {

namespace {

using enum parameter_type;

bool is_match(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  bool is_nil = false;
  if (!e.get_text_like(c.arguments[0], text, is_nil))
    return false;
  out = value::of(!is_nil && e.regex(c.arguments[1]).matches(text));
  return true;
}

bool has_prefix(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  std::string_view prefix;
  if (!e.get_text(c.arguments[0], text) || !e.get_text(c.arguments[1], prefix))
    return false;
  out = value::of(text.starts_with(prefix));
  return true;
}

bool has_suffix(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  std::string_view suffix;
  if (!e.get_text(c.arguments[0], text) || !e.get_text(c.arguments[1], suffix))
    return false;
  out = value::of(text.ends_with(suffix));
  return true;
}

/// Elements of a list literal one by one, so that any type of value can stand in it.
bool concat(evaluation& e, const call_info& c, value& out) {
  std::string_view delimiter;
  if (!e.get_text(c.arguments[1], delimiter))
    return false;
  text_builder joined(e.in().memory);
  bool first = true;
  const auto add = [&](const value& v) {
    std::string_view text = "<nil>";
    if (!v.is_nil() && !e.as_text(v, text))
      return false;
    if (!first)
      joined.append(delimiter);
    first = false;
    joined.append(text);
    return true;
  };
  const auto& values = e.node(c.arguments[0]);
  bool good = true;
  if (values.form == expression::kind::list) {
    for (std::uint32_t i = 0; good && i < values.parts.count; ++i) {
      value v;
      good = e.get(e.code().parts[values.parts.first + i], v) && add(v);
    }
  } else {
    value list;
    good = e.get_of(c.arguments[0], value_type::list, list);
    if (good)
      for_each_item(list.bytes, [&](std::string_view any) { good = good && add(from_wire(any)); });
  }
  return good && e.finish(joined, value_type::string, out);
}

std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && continues_utf8(text[size]))
    ++size;
  return size;
}

bool split(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  std::string_view delimiter;
  if (!e.get_text(c.arguments[0], text) || !e.get_text(c.arguments[1], delimiter))
    return false;
  text_builder list(e.in().memory);
  if (delimiter.empty()) {
    for (std::size_t size = 0; !text.empty(); text.remove_prefix(size)) {
      size = character_size(text);
      append_element(list, value::of_string(text.substr(0, size)));
    }
    return e.finish(list, value_type::list, out);
  }
  while (true) {
    const auto end = text.find(delimiter);
    append_element(list, value::of_string(text.substr(0, end)));
    if (end == std::string_view::npos || !list.ok())
      return e.finish(list, value_type::list, out);
    text.remove_prefix(end + delimiter.size());
  }
}

bool substring(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  std::int64_t start = 0;
  std::int64_t length = 0;
  if (!e.get_integer(c.arguments[1], start))
    return false;
  if (start < 0)
    return e.fail("the start of a substring is negative");
  if (!e.get_integer(c.arguments[2], length))
    return false;
  if (length <= 0)
    return e.fail("the length of a substring is not above 0");
  if (!e.get_text(c.arguments[0], text))
    return false;
  const auto size = static_cast<std::int64_t>(text.size());
  if (start > size || length > size - start)
    return e.fail("the substring goes beyond the end");
  auto begin = static_cast<std::size_t>(start);
  auto end = static_cast<std::size_t>(start + length);
  if (c.arguments[3].given() && e.node(c.arguments[3]).literal.boolean) {
    while (begin < text.size() && continues_utf8(text[begin]))
      ++begin;
    while (begin < end && end < text.size() && continues_utf8(text[end]))
      --end;
    end = std::max(begin, end);
  }
  out = value::of_string(text.substr(begin, end - begin));
  return true;
}

bool in_case(evaluation& e, const call_info& c, bool upper, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  text_builder made(e.in().memory);
  append_cased(made, text, upper);
  return e.finish(made, value_type::string, out);
}
bool to_lower_case(evaluation& e, const call_info& c, value& out) {
  return in_case(e, c, false, out);
}
bool to_upper_case(evaluation& e, const call_info& c, value& out) {
  return in_case(e, c, true, out);
}

bool trim(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  const auto cutset =
      c.arguments[1].given() ? e.node(c.arguments[1]).literal.bytes : std::string_view(" ");
  const auto begin = text.find_first_not_of(cutset);
  if (begin == std::string_view::npos)
    text = {};
  else
    text = text.substr(begin, text.find_last_not_of(cutset) - begin + 1);
  out = value::of_string(text);
  return true;
}

bool trim_prefix(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  std::string_view prefix;
  if (!e.get_text(c.arguments[0], text) || !e.get_text(c.arguments[1], prefix))
    return false;
  out = value::of_string(text.substr(text.starts_with(prefix) ? prefix.size() : 0));
  return true;
}

bool trim_suffix(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  std::string_view suffix;
  if (!e.get_text(c.arguments[0], text) || !e.get_text(c.arguments[1], suffix))
    return false;
  out =
      value::of_string(text.substr(0, text.size() - (text.ends_with(suffix) ? suffix.size() : 0)));
  return true;
}

bool extract_patterns(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  text_builder map(e.in().memory);
  e.regex(c.arguments[1]).extract(text, map);
  return e.finish(map, value_type::map, out);
}

std::string check_extract_patterns(const program& code, const call_info& c) {
  return code.patterns[static_cast<std::size_t>(c.arguments[1].pattern)].has_names()
             ? ""
             : "found an expression without named groups, expected one such as `(?P<name>...)`";
}

bool parse_json_text(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  const auto made = parse_json(text, e.in().memory);
  if (!made)
    return e.fail("expected a JSON object or array");
  out = value::of_bytes(made->is_map ? value_type::map : value_type::list, made->body);
  return true;
}

bool fnv(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char byte : text)
    hash = (hash ^ static_cast<std::uint8_t>(byte)) * 0x100'0000'01b3;
  out = value::of(static_cast<std::int64_t>(hash));
  return true;
}

/// A digest in hexadecimal.
template <codec::digest_kind Kind>
bool digest(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  text_builder hex(e.in().memory);
  if (char* room = hex.grow(2 * codec::digest_size(Kind)); room != nullptr)
    codec::put_digest_hex(Kind, text, room);
  return e.finish(hex, value_type::string, out);
}

} // namespace

bool evaluation::as_text(const value& v, std::string_view& out) {
  if (v.is(value_type::string)) {
    out = v.bytes;
    return true;
  }
  auto& text = workspace_.text;
  text.clear();
  switch (v.type) {
  case value_type::nil:
    break;
  case value_type::boolean:
    text = v.boolean ? "true" : "false";
    break;
  case value_type::integer:
  case value_type::duration:
    otlp::append_integer(v.integer, text);
    break;
  case value_type::real:
    if (!std::isfinite(v.real))
      return fail("expected a number that JSON has");
    append_real(text, v.real);
    break;
  case value_type::bytes:
    otlp::append_hex(v.bytes, text);
    break;
  case value_type::list:
  case value_type::map: {
    text_builder any(workspace_.memory);
    if (char* room = any.grow(wire_size(v)); room != nullptr)
      put_wire(room, v);
    if (!append_text(text, any.view(), true))
      return fail("expected numbers that JSON has");
    break;
  }
  default:
    return fail("expected a value that has a text", v.type);
  }
  text_builder made(workspace_.memory);
  made.append(text);
  value stored;
  if (!finish(made, value_type::string, stored))
    return false;
  out = stored.bytes;
  return true;
}

std::span<const function_info> text_functions() {
  constexpr auto any_value = result_type::any;
  constexpr auto boolean_value = result_type::boolean;
  static const std::vector<function_info> table{
      {"IsMatch", boolean_value, {{"target", text_like}, {"pattern", regex}}, &is_match},
      {"HasPrefix", boolean_value, {{"target", text}, {"prefix", text}}, &has_prefix},
      {"HasSuffix", boolean_value, {{"target", text}, {"suffix", text}}, &has_suffix},
      {"Concat", any_value, {{"vals", list}, {"delimiter", text}}, &concat},
      {"Split", any_value, {{"target", text}, {"delimiter", text}}, &split},
      {"Substring",
       any_value,
       {{"target", text},
        {"start", integer},
        {"length", integer},
        {"utf8_safe", boolean_literal, true}},
       &substring},
      {"ToLowerCase", any_value, {{"target", text}}, &to_lower_case},
      {"ToUpperCase", any_value, {{"target", text}}, &to_upper_case},
      {"Trim", any_value, {{"target", text}, {"replacement", text_literal, true}}, &trim},
      {"TrimPrefix", any_value, {{"target", text}, {"prefix", text}}, &trim_prefix},
      {"TrimSuffix", any_value, {{"target", text}, {"suffix", text}}, &trim_suffix},
      {"ExtractPatterns",
       any_value,
       {{"target", text}, {"pattern", regex}},
       &extract_patterns,
       &check_extract_patterns},
      {"ParseJSON", any_value, {{"target", text}}, &parse_json_text},
      {"FNV", any_value, {{"target", text}}, &fnv},
      {"MD5", any_value, {{"target", text}}, &digest<codec::digest_kind::md5>},
      {"SHA1", any_value, {{"target", text}}, &digest<codec::digest_kind::sha1>},
      {"SHA256", any_value, {{"target", text}}, &digest<codec::digest_kind::sha256>},
      {"SHA512", any_value, {{"target", text}}, &digest<codec::digest_kind::sha512>},
  };
  return table;
}

} // namespace weir::ottl
