// The parser of ottl/parser.hpp: conditions and calculations, by precedence.
#include "ottl/parser.hpp"

#include <fmt/format.h>

namespace weir::ottl {

namespace {

operation comparison_of(std::string_view text) {
  if (text == "==")
    return operation::equal;
  if (text == "!=")
    return operation::not_equal;
  if (text == "<")
    return operation::less;
  if (text == "<=")
    return operation::less_equal;
  return text == ">" ? operation::greater : operation::greater_equal;
}

operation arithmetic_of(char sign) {
  switch (sign) {
  case '+':
    return operation::add;
  case '-':
    return operation::subtract;
  case '*':
    return operation::multiply;
  default:
    return operation::divide;
  }
}

} // namespace

bool parser::may_be_boolean(node_number number) {
  switch (at(number).kind) {
  case node_kind::boolean:
  case node_kind::call:
  case node_kind::compare:
  case node_kind::not_:
  case node_kind::and_:
  case node_kind::or_:
    return true;
  default:
    return false;
  }
}

bool parser::is_value(node_number number) {
  switch (at(number).kind) {
  case node_kind::compare:
  case node_kind::not_:
  case node_kind::and_:
  case node_kind::or_:
    return false;
  default:
    return true;
  }
}

bool parser::is_calculable(node_number number) {
  switch (at(number).kind) {
  case node_kind::integer:
  case node_kind::real:
  case node_kind::path:
  case node_kind::call:
  case node_kind::negate:
  case node_kind::arithmetic:
    return true;
  default:
    return false;
  }
}

void parser::require_boolean(node_number number) {
  if (!failed() && !may_be_boolean(number))
    refuse(peek(), "a comparison such as `==`");
}

void parser::require_calculable(node_number number) {
  if (!failed() && !is_calculable(number))
    fail_at(at(number).offset, "found a value that cannot be calculated with, expected a number, "
                               "a path or a converter");
}

node_number parser::boolean() {
  const auto number = either();
  require_boolean(number);
  return number;
}

node_number parser::either() {
  return chain(node_kind::or_, token_kind::or_, &parser::conjunction);
}

node_number parser::conjunction() {
  return chain(node_kind::and_, token_kind::and_, &parser::negation);
}

node_number parser::chain(node_kind kind, token_kind word, part operand) {
  const auto first = (this->*operand)();
  if (failed() || peek().kind != word)
    return first;
  std::vector<node_number> parts{first};
  require_boolean(first);
  while (!failed() && peek().kind == word) {
    next();
    parts.push_back((this->*operand)());
    require_boolean(parts.back());
  }
  return failed() ? 0 : make(kind, at(first).offset, std::move(parts));
}

node_number parser::negation() {
  if (peek().kind != token_kind::not_)
    return comparison();
  const auto offset = next().offset;
  if (peek().kind == token_kind::not_)
    refuse(peek(), "a condition");
  const auto operand = comparison();
  require_boolean(operand);
  return failed() ? 0 : make(node_kind::not_, offset, {operand});
}

node_number parser::comparison() {
  const auto left = sum();
  if (failed() || peek().kind != token_kind::comparison)
    return left;
  const auto& sign = next();
  const auto right = sum();
  if (failed())
    return 0;
  for (const auto side : {left, right})
    if (!is_value(side))
      fail_at(at(side).offset, "found a condition, expected a value to compare");
  const auto made = make(node_kind::compare, at(left).offset, {left, right});
  if (!failed())
    at(made).op = comparison_of(sign.text);
  return made;
}

node_number parser::plain_value() {
  const auto number = sum();
  if (!failed() && !is_value(number))
    fail_at(at(number).offset, "found a condition, expected a value");
  return number;
}

node_number parser::sum() {
  return arithmetic(token_kind::plus_minus, &parser::product);
}

node_number parser::product() {
  return arithmetic(token_kind::times_divide, &parser::signed_value);
}

node_number parser::arithmetic(token_kind signs, part operand) {
  auto left = (this->*operand)();
  for (std::size_t operators = 0; !failed() && peek().kind == signs; ++operators) {
    const auto& sign = next();
    if (operators == max_operators)
      fail_at(sign.offset, fmt::format("found more than {} operators in a row", max_operators));
    const auto right = (this->*operand)();
    require_calculable(left);
    require_calculable(right);
    if (failed())
      return 0;
    left = make(node_kind::arithmetic, at(left).offset, {left, right});
    if (!failed())
      at(left).op = arithmetic_of(sign.text[0]);
  }
  return left;
}

node_number parser::signed_value() {
  if (peek().kind != token_kind::plus_minus)
    return primary();
  const auto& sign = next();
  const auto operand = primary();
  require_calculable(operand);
  if (failed() || sign.text == "+")
    return operand;
  auto& literal = at(operand);
  if (literal.kind == node_kind::integer || literal.kind == node_kind::real) {
    literal.integer = -literal.integer;
    literal.real = -literal.real;
    return operand;
  }
  return make(node_kind::negate, sign.offset, {operand});
}

} // namespace weir::ottl
