#include "ottl/evaluation.hpp"
#include "ottl/functions.hpp"

#include <fmt/format.h>

// Texts in other cases, as the Collector's library for it (iancoleman/strcase) makes them: by ASCII
// letters alone.
namespace weir::ottl {

namespace {

using enum parameter_type;

bool is_upper(char c) noexcept {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_separator(char c) noexcept {
  return c == ' ' || c == '_' || c == '-' || c == '.';
}
char lower(char c) noexcept {
  return is_upper(c) ? static_cast<char>(c + 32) : c;
}
char upper(char c) noexcept {
  return is_lower(c) ? static_cast<char>(c - 32) : c;
}

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\n\v\f\r";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == text.npos)
    return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// Whether a word ends between two characters: the kind of letter changes, or a number begins or
/// ends.
bool changes_kind(char c, char next) noexcept {
  return (is_upper(c) && (is_lower(next) || is_digit(next)))
         || (is_lower(c) && (is_upper(next) || is_digit(next)))
         || (is_digit(c) && (is_upper(next) || is_lower(next)));
}

/// "JSONData 2" becomes "json_data_2".
void append_snake(std::string_view text, text_builder& out) {
  text = trimmed(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    if (!changes_kind(c, next)) {
      out.append(is_separator(c) ? '_' : lower(c));
      continue;
    }
    // Of capitals before a small letter the last begins the word.
    if (is_upper(c) && is_lower(next) && i > 0 && is_upper(text[i - 1]))
      out.append('_');
    out.append(lower(c));
    if (is_lower(c) || is_digit(c) || is_digit(next))
      out.append('_');
  }
}

/// "my_metric name" becomes "MyMetricName".
void append_camel(std::string_view text, text_builder& out) {
  text = trimmed(text);
  if (text == "ID")
    text = "id";
  bool begins = true;
  bool after_upper = false;
  for (const char c : text) {
    const char made = begins ? upper(c) : after_upper && is_upper(c) ? lower(c) : c;
    after_upper = is_upper(c);
    if (is_upper(c) || is_lower(c)) {
      out.append(made);
      begins = false;
    } else if (is_digit(c)) {
      out.append(c);
      begins = true;
    } else {
      begins = is_separator(c);
    }
  }
}

using append_in_case = void (*)(std::string_view, text_builder&);

template <append_in_case Append>
bool in_case(evaluation& e, const call_info& c, value& out) {
  std::string_view text;
  if (!e.get_text(c.arguments[0], text))
    return false;
  text_builder made(e.in().memory);
  Append(text, made);
  return e.finish(made, value_type::string, out);
}

bool convert_case(evaluation& e, const call_info& c, value& out) {
  const auto wanted = e.node(c.arguments[1]).literal.bytes;
  if (wanted == "snake")
    return in_case<append_snake>(e, c, out);
  if (wanted == "camel")
    return in_case<append_camel>(e, c, out);
  static const auto to_lower = find_function("ToLowerCase")->body;
  static const auto to_upper = find_function("ToUpperCase")->body;
  return (wanted == "lower" ? to_lower : to_upper)(e, c, out);
}

std::string check_convert_case(const program& code, const call_info& c) {
  const auto wanted = code.expressions[c.arguments[1].expression].literal.bytes;
  if (wanted == "lower" || wanted == "upper" || wanted == "snake" || wanted == "camel")
    return {};
  return fmt::format("found the case `{}`, expected `lower`, `upper`, `snake` or `camel`", wanted);
}

} // namespace

std::span<const function_info> case_functions() {
  constexpr auto any_value = result_type::any;
  static const std::vector<function_info> table{
      {"ConvertCase",
       any_value,
       {{"target", text}, {"to_case", text_literal}},
       &convert_case,
       &check_convert_case},
      {"ToCamelCase", any_value, {{"target", text}}, &in_case<append_camel>},
      {"ToSnakeCase", any_value, {{"target", text}}, &in_case<append_snake>},
  };
  return table;
}

} // namespace weir::ottl
