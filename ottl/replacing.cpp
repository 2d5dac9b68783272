#include "ottl/replacing.hpp"

namespace weir::ottl {

std::string check_format(const program& code, const argument& format) {
  if (!format.given())
    return {};
  const auto text = code.expressions[format.expression].literal.bytes;
  std::size_t directives = 0;
  bool good = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%')
      continue;
    good = good && i + 1 < text.size() && text[i + 1] == 's';
    ++directives;
    ++i;
  }
  return good && directives == 1
             ? ""
             : "found another format, expected one with `%s` once as `replacement_format`";
}

bool make_replacement(evaluation& e, std::string_view replacement, const argument& function,
                      const argument& format, std::string_view& out) {
  out = replacement;
  if (function.function == nullptr)
    return true;
  value converted;
  if (!e.convert(function.function, replacement, converted))
    return false;
  if (!converted.is(value_type::string))
    return e.fail("expected a string as the replacement", converted.type);
  out = converted.bytes;
  if (!format.given())
    return true;
  const auto text = e.node(format).literal.bytes;
  const auto found = text.find("%s");
  text_builder made(e.in().memory);
  made.append(text.substr(0, found));
  made.append(out);
  made.append(text.substr(found + 2));
  value v;
  if (!e.finish(made, value_type::string, v))
    return false;
  out = v.bytes;
  return true;
}

bool replace_matches(evaluation& e, const call_info& c, std::size_t first_argument,
                     std::string_view text, bool& replaced, std::string_view& out) {
  const auto& expression = e.regex(c.arguments[first_argument]);
  const auto& function = c.arguments[first_argument + 2];
  const auto& format = c.arguments[first_argument + 3];
  std::string_view replacement;
  if (!e.get_text(c.arguments[first_argument + 1], replacement))
    return false;
  text_builder made(e.in().memory);
  bool good = true;
  replaced = expression.replace(text, made, [&](const pattern::groups& found) {
    if (!good)
      return;
    if (function.function == nullptr)
      return expression.expand(replacement, found, made);
    text_builder expanded(e.in().memory);
    expression.expand(replacement, found, expanded);
    std::string_view converted;
    good = expanded.ok() && make_replacement(e, expanded.view(), function, format, converted);
    made.append(converted);
  });
  if (!good)
    return false;
  if (!made.ok())
    return e.fail("the value grew too large");
  out = made.view();
  return true;
}

} // namespace weir::ottl
