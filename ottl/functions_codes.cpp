#include "core/base64.hpp"
#include "otlp/json_text.hpp"
#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <limits>
#include <optional>
#include <random>
#include <vector>

// Values in other forms: base64, numbers in texts, maps as texts, identifiers.
namespace weir::ottl {

namespace {

using enum parameter_type;

bool finish_text(evaluation& e, std::string_view text, value& out) {
  text_builder made(e.in().memory);
  made.append(text);
  return e.finish(made, value_type::string, out);
}

bool base64_decode(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  auto& made = e.in().text;
  made.clear();
  if (!append_from_base64(text, made))
    return e.fail("expected a text in base64");
  return finish_text(e, made, out);
}

bool is_base64(std::string_view name) {
  return name == "base64" || name == "base64-raw" || name == "base64-url"
         || name == "base64-raw-url";
}

bool base64_encode(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  auto& made = e.in().text;
  made.clear();
  append_base64(text, made);
  const auto variant =
      c.arguments[1].given() ? literal_text(e.code(), c.arguments[1]) : std::string_view("base64");
  if (variant.find("raw") != variant.npos)
    made.resize(made.find_last_not_of('=') + 1);
  if (variant.ends_with("url"))
    for (auto& byte : made)
      byte = byte == '+' ? '-' : byte == '/' ? '_' : byte;
  return finish_text(e, made, out);
}

template <std::size_t Argument>
std::string check_base64(const program& code, const call_info& c) {
  if (!c.arguments[Argument].given() || is_base64(literal_text(code, c.arguments[Argument])))
    return {};
  return fmt::format("found the encoding `{}`, expected `base64`, `base64-raw`, `base64-url` or "
                     "`base64-raw-url`",
                     literal_text(code, c.arguments[Argument]));
}

/// As Go's strconv.ParseInt: a sign, digits of the base; of base 0 the prefix says which.
std::optional<std::int64_t> integer_in(std::string_view text, int base) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  std::string digits;
  if (base == 0) {
    base = 10;
    const auto prefix = [&](char small, char large, int number) {
      if (text.size() < 2 || text[0] != '0' || (text[1] != small && text[1] != large))
        return false;
      base = number;
      text.remove_prefix(2);
      return true;
    };
    if (!prefix('x', 'X', 16) && !prefix('b', 'B', 2) && !prefix('o', 'O', 8) && text.size() > 1
        && text[0] == '0')
      base = 8;
    if (text.starts_with("__") || text.ends_with('_') || text.find("__") != text.npos)
      return std::nullopt;
    for (const char c : text)
      if (c != '_')
        digits += c;
    text = digits;
  }
  std::uint64_t magnitude = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, magnitude, base);
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (text.empty() || read.ec != std::errc{} || read.ptr != end
      || magnitude > most + (negative ? 1 : 0))
    return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - magnitude : magnitude);
}

bool parse_int(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  std::int64_t base = 0;
  if (!e.get_text(c.arguments[0], text) || !e.get_integer(c.arguments[1], base))
    return false;
  if (base < 0 || base == 1 || base > 36)
    return e.fail("expected a base that is 0 or from 2 to 36");
  const auto number = integer_in(text, static_cast<int>(base));
  if (!number)
    return e.fail("expected a string that is a whole number in that base");
  out = value::of(*number);
  return true;
}

bool logarithm(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  double number = 0;
  switch (v.type) {
  case value_type::real:
    number = v.real;
    break;
  case value_type::integer:
    number = static_cast<double>(v.integer);
    break;
  case value_type::boolean:
    number = v.boolean ? 1 : 0;
    break;
  case value_type::string: {
    const auto* end = v.bytes.data() + v.bytes.size();
    const auto read = std::from_chars(v.bytes.data(), end, number);
    if (read.ec != std::errc{} || read.ptr != end)
      return e.fail("expected a string that is a number");
    break;
  }
  default:
    return e.fail("expected a number", v.type);
  }
  if (!(number > 0))
    return e.fail("expected a number above 0");
  out = value::of(std::log(number));
  return true;
}

bool is_luhn(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  std::string digits;
  if (v.is(value_type::integer))
    digits = fmt::format("{}", v.integer);
  else if (v.is(value_type::string))
    digits = v.bytes;
  else
    return e.fail("expected a string of digits or a whole number", v.type);
  if (digits.empty()
      || !std::all_of(digits.begin(), digits.end(), [](char d) { return d >= '0' && d <= '9'; }))
    return e.fail("expected a string of digits");
  unsigned sum = 0;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const auto digit = static_cast<unsigned>(digits[digits.size() - 1 - i] - '0');
    const auto weighed = digit * (1 + i % 2);
    sum += static_cast<unsigned>(weighed > 9 ? weighed - 9 : weighed);
  }
  out = value::of(sum % 10 == 0);
  return true;
}

/// The place of a value in a list, of a text in a text; -1: it is not there.
bool index_of(evaluation& e, const call_info& c, value& out) {
  value input;
  value wanted;
  if (!e.get(c.arguments[0], input) || !e.get(c.arguments[1], wanted))
    return false;
  std::int64_t found = -1;
  if (input.is(value_type::string)) {
    if (!wanted.is(value_type::string))
      return e.fail("expected a string to look for in a string", wanted.type);
    const auto position = input.bytes.find(wanted.bytes);
    found = position == input.bytes.npos ? -1 : static_cast<std::int64_t>(position);
  } else if (input.is(value_type::list)) {
    std::int64_t place = 0;
    for_each_item(input.bytes, [&](std::string_view any) {
      if (found < 0 && compare(from_wire(any), wanted, operation::equal))
        found = place;
      ++place;
    });
  } else {
    return e.fail("expected a string or a list to look in", input.type);
  }
  out = value::of(found);
  return true;
}

bool is_empty(evaluation& e, const call_info& c, value& out) {
  value v;
  if (!e.get(c.arguments[0], v))
    return false;
  const auto zeros = [](std::string_view bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](char b) { return b == 0; });
  };
  switch (v.type) {
  case value_type::nil:
    out = value::of(true);
    break;
  case value_type::boolean:
    out = value::of(!v.boolean);
    break;
  case value_type::real:
    out = value::of(v.real == 0);
    break;
  case value_type::string:
  case value_type::bytes:
  case value_type::list:
  case value_type::map:
    out = value::of(v.bytes.empty());
    break;
  case value_type::trace_id:
  case value_type::span_id:
    out = value::of(zeros(v.bytes));
    break;
  default:
    out = value::of(v.integer == 0);
  }
  return true;
}

/// Quotes become \"; in quotes where a delimiter stands in it.
void append_quoted(std::string_view text, std::string_view delimiter, std::string_view between,
                   text_builder& out) {
  const bool quoted = text.find(delimiter) != text.npos || text.find(between) != text.npos;
  if (quoted)
    out.append('"');
  for (std::size_t position = 0; position <= text.size();) {
    const auto quote = text.find('"', position);
    out.append(text.substr(position, quote - position));
    if (quote == text.npos)
      break;
    out.append("\\\"");
    position = quote + 1;
  }
  if (quoted)
    out.append('"');
}

std::string_view text_or(const program& code, const argument& a, std::string_view otherwise) {
  return a.given() ? literal_text(code, a) : otherwise;
}

bool key_values(evaluation& e, const call_info& c, value& out) {
  std::string_view map;
  if (!e.get_map(c.arguments[0], map))
    return false;
  const auto delimiter = text_or(e.code(), c.arguments[1], "=");
  const auto between = text_or(e.code(), c.arguments[2], " ");
  std::vector<map_entry> entries;
  for_each_entry(map, [&](std::string_view key, std::string_view any) {
    entries.push_back({key, any});
  });
  if (c.arguments[3].given() && e.node(c.arguments[3]).literal.boolean)
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto& a, const auto& b) { return a.key < b.key; });
  text_builder made(e.in().memory);
  std::string scratch;
  bool first = true;
  for (const auto& entry : entries) {
    if (!first)
      made.append(between);
    first = false;
    append_quoted(entry.key, delimiter, between, made);
    made.append(delimiter);
    append_quoted(text_of(entry.any, scratch), delimiter, between, made);
  }
  return e.finish(made, value_type::string, out);
}

std::string check_key_values(const program& code, const call_info& c) {
  const auto delimiter = text_or(code, c.arguments[1], "=");
  const auto between = text_or(code, c.arguments[2], " ");
  if (delimiter.empty() || between.empty())
    return "found an empty delimiter";
  return delimiter == between ? "found the same delimiter inside pairs and between them" : "";
}

/// A random one (version 4), or one that begins with the time (7).
template <unsigned Version>
bool uuid(evaluation& e, const call_info&, value& out) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  auto high = random();
  auto low = random();
  if (Version == 7)
    high = (static_cast<std::uint64_t>(e.on().now / 1'000'000) << 16) | (high & 0xfff);
  high = (high & ~std::uint64_t{0xf000}) | std::uint64_t{Version} << 12;
  low = (low & ~(std::uint64_t{3} << 62)) | std::uint64_t{2} << 62;
  return finish_text(e,
                     fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:012x}", high >> 32,
                                 high >> 16 & 0xffff, high & 0xffff, low >> 48,
                                 low & 0xffff'ffff'ffff),
                     out);
}

/// Takes elements out of a list: one, or up to but not with an end.
bool delete_index(evaluation& e, const call_info& c, value&) {
  value list;
  std::int64_t first = 0;
  if (!e.read(c.arguments[0], list) || !e.get_integer(c.arguments[1], first))
    return false;
  auto end = first + 1;
  if (c.arguments[2].given() && !e.get_integer(c.arguments[2], end))
    return false;
  if (!list.is(value_type::list))
    return e.fail("expected a list", list.type);
  const auto size = static_cast<std::int64_t>(list_size(list.bytes));
  if (first < 0 || end < first || end > size)
    return e.fail("the place is not in the list");
  text_builder made(e.in().memory);
  std::int64_t place = 0;
  for_each_item(list.bytes, [&](std::string_view any) {
    if (place < first || place >= end)
      append_any(made, any);
    ++place;
  });
  value left;
  return e.finish(made, value_type::list, left) && e.write(c.arguments[0], left);
}

/// Makes texts of all values of a map.
bool stringify_all(evaluation& e, const call_info& c, value&) {
  value map;
  if (!e.read(c.arguments[0], map))
    return false;
  if (!map.is(value_type::map))
    return e.fail("expected a map", map.type);
  text_builder made(e.in().memory);
  std::string scratch;
  for_each_entry(map.bytes, [&](std::string_view key, std::string_view any) {
    scratch.clear();
    append_pair(made, key, value::of_string(text_of(any, scratch)));
  });
  value texts;
  return e.finish(made, value_type::map, texts) && e.write(c.arguments[0], texts);
}

} // namespace

std::span<const function_info> code_functions() {
  constexpr auto any_value = result_type::any;
  constexpr auto yes_or_no = result_type::boolean;
  constexpr auto nothing = result_type::nothing;
  static const std::vector<function_info> table{
      {"Base64Decode", any_value, {{"value", text}}, &base64_decode},
      {"Base64Encode",
       any_value,
       {{"value", text}, {"variant", text_literal, true}},
       &base64_encode,
       &check_base64<1>},
      {"Decode",
       any_value,
       {{"value", text}, {"encoding", text_literal}},
       &base64_decode,
       &check_base64<1>},
      {"ParseInt", any_value, {{"target", text}, {"base", integer}}, &parse_int},
      {"Log", any_value, {{"target", any}}, &logarithm},
      {"IsValidLuhn", yes_or_no, {{"value", any}}, &is_luhn},
      {"Index", any_value, {{"target", any}, {"value", any}}, &index_of},
      {"IsEmpty", yes_or_no, {{"value", any}}, &is_empty},
      {"ToKeyValueString",
       any_value,
       {{"target", map},
        {"delimiter", text_literal, true},
        {"pair_delimiter", text_literal, true},
        {"sort_output", boolean_literal, true}},
       &key_values,
       &check_key_values},
      {"UUID", any_value, {}, &uuid<4>},
      {"UUIDv7", any_value, {}, &uuid<7>},
      {"delete_index",
       nothing,
       {{"target", target}, {"start_index", integer}, {"end_index", integer, true}},
       &delete_index},
      {"stringify_all", nothing, {{"target", map_target}}, &stringify_all},
  };
  return table;
}

} // namespace weir::ottl
