#include "core/utf8.hpp"
#include "otlp/json_text.hpp"
#include "ottl/csv.hpp"
#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"
#include "ottl/severity_map.hpp"
#include "ottl/text_map.hpp"

#include <algorithm>
#include <fmt/format.h>

// Rows of fields, pairs of keys and values, levels: what log lines are made of.
namespace weir::ottl {

namespace {

using enum parameter_type;

std::string_view literal_or(const program& code, const argument& a, std::string_view otherwise) {
  return a.given() ? code.expressions[a.expression].literal.bytes : otherwise;
}

/// Takes the next pair off the front: up to the delimiter that stands outside quotes. Its quotes
/// fall away; a backslash keeps the next character from being one. False: a quote is not closed.
bool take_pair(std::string_view& text, std::string_view delimiter, std::string& pair) {
  pair.clear();
  char quote = 0;
  bool escaped = false;
  while (!text.empty()) {
    if (quote == 0 && text.starts_with(delimiter)) {
      text.remove_prefix(delimiter.size());
      if (!pair.empty())
        return true;
      continue;
    }
    const char c = text[0];
    text.remove_prefix(1);
    if (!escaped && (quote == 0 ? c == '"' || c == '\'' : c == quote)) {
      quote = quote == 0 ? c : '\0';
      continue;
    }
    escaped = !escaped && c == '\\';
    pair += c;
  }
  return quote == 0;
}

bool parse_key_value(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  if (text.empty())
    return e.fail("expected a string that is not empty");
  const auto delimiter = literal_or(e.code(), c.arguments[1], "=");
  const auto between = literal_or(e.code(), c.arguments[2], " ");
  text_map made;
  std::string pair;
  while (!text.empty()) {
    if (!take_pair(text, between, pair))
      return e.fail("expected a quote at the end of a value");
    if (pair.empty())
      continue; // delimiters alone
    const auto end = pair.find(delimiter);
    if (end == pair.npos)
      return e.fail("expected a key and a value with a delimiter between them");
    const auto whole = std::string_view(pair);
    made.put(trim_space(whole.substr(0, end)), trim_space(whole.substr(end + delimiter.size())));
  }
  return made.finish(e, out);
}

std::string check_key_value(const program& code, const call_info& c) {
  const auto delimiter = literal_or(code, c.arguments[1], "=");
  const auto between = literal_or(code, c.arguments[2], " ");
  if (delimiter.empty() || between.empty())
    return "found an empty delimiter";
  return delimiter == between ? "found the same delimiter inside pairs and between them" : "";
}

std::vector<std::string> split_at(std::string_view text, std::string_view delimiter) {
  std::vector<std::string> parts;
  while (true) {
    const auto end = text.find(delimiter);
    parts.emplace_back(text.substr(0, end));
    if (end == text.npos)
      return parts;
    text.remove_prefix(end + delimiter.size());
  }
}

bool parse_csv(evaluation& e, const call_info& c, value& out) {
  std::string_view row;
  std::string_view header;
  if (!e.get_text(c.arguments[0], row) || !e.get_text(c.arguments[1], header))
    return false;
  if (header.empty())
    return e.fail("expected a header that is not empty");
  const auto delimiter = literal_or(e.code(), c.arguments[2], ",");
  const auto mode = literal_or(e.code(), c.arguments[4], "strict");
  const auto names = split_at(header, literal_or(e.code(), c.arguments[3], delimiter));
  const auto fields = mode == "ignoreQuotes" ? std::optional(split_at(row, delimiter))
                                             : read_csv_row(row, delimiter, mode == "lazyQuotes");
  if (!fields)
    return e.fail("expected a row of comma separated values");
  if (fields->size() != names.size())
    return e.fail("expected as many fields as the header has");
  text_map made;
  for (std::size_t i = 0; i < names.size(); ++i)
    made.put(names[i], (*fields)[i]);
  return made.finish(e, out);
}

bool is_one_character(std::string_view text) {
  return !text.empty() && otlp::count_utf8(text) == text.size()
         && std::all_of(text.begin() + 1, text.end(), continues_utf8);
}

std::string check_csv(const program& code, const call_info& c) {
  const auto delimiter = literal_or(code, c.arguments[2], ",");
  const auto mode = literal_or(code, c.arguments[4], "strict");
  if (!is_one_character(delimiter) || !is_one_character(literal_or(code, c.arguments[3], ",")))
    return "found another delimiter than one character";
  if (mode != "strict" && mode != "lazyQuotes" && mode != "ignoreQuotes")
    return fmt::format("found the mode `{}`, expected `strict`, `lazyQuotes` or `ignoreQuotes`",
                       mode);
  return mode == "ignoreQuotes" || is_csv_delimiter(delimiter)
             ? ""
             : "found a delimiter that is a quote or an end of a line";
}

bool parse_severity(evaluation& e, const call_info& c, value& out) {
  value level;
  if (!e.get(c.arguments[0], level))
    return false;
  if (!level.is(value_type::string) && !level.is(value_type::integer))
    return e.fail("expected a string or a whole number", level.type);
  const auto* name = c.prepared_as<severity_map>().find(level);
  if (name == nullptr)
    return e.fail("expected a value that the mapping has a level for");
  out = value::of_string(*name);
  return true;
}

std::string prepare_severity(const program& code, call_info& c) {
  auto made = std::make_shared<severity_map>();
  auto wrong = made->read(code, code.expressions[c.arguments[1].expression]);
  c.prepared = std::move(made);
  return wrong;
}

} // namespace

std::span<const function_info> row_functions() {
  constexpr auto any_value = result_type::any;
  static const std::vector<function_info> table{
      {"ParseKeyValue",
       any_value,
       {{"target", text},
        {"delimiter", text_literal, true},
        {"pair_delimiter", text_literal, true}},
       &parse_key_value,
       &check_key_value},
      {"ParseCSV",
       any_value,
       {{"target", text},
        {"header", text},
        {"delimiter", text_literal, true},
        {"header_delimiter", text_literal, true},
        {"mode", text_literal, true}},
       &parse_csv,
       &check_csv},
      {.name = "ParseSeverity",
       .parameters = {{"target", any}, {"mapping", map}},
       .body = &parse_severity,
       .prepare = &prepare_severity},
  };
  return table;
}

} // namespace weir::ottl
