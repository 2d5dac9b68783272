// The parser of ottl/parser.hpp: what stands between operators.
#include "ottl/parser.hpp"

namespace weir::ottl {

node_number parser::primary() {
  const level deeper(*this);
  if (failed())
    return 0;
  const auto& t = peek();
  switch (t.kind) {
  case token_kind::name:
    return name();
  case token_kind::string:
    return string();
  case token_kind::integer:
  case token_kind::real:
    return number();
  case token_kind::bytes:
    return bytes();
  case token_kind::nil:
    return nil();
  case token_kind::boolean:
    return truth();
  case token_kind::symbol:
    return bracket();
  default:
    refuse(t, "a value");
    return 0;
  }
}

node_number parser::bracket() {
  if (follows("["))
    return list();
  if (follows("{"))
    return map();
  if (!follows("(")) {
    refuse(peek(), "a value");
    return 0;
  }
  if (begins_lambda())
    return lambda();
  next();
  const auto inside = either();
  expect(")");
  // Brackets hold a calculation or a condition: `("a")` is neither.
  if (!failed() && !is_calculable(inside) && !may_be_boolean(inside))
    fail_at(at(inside).offset, "found a value in brackets, expected a condition or a calculation");
  return inside;
}

bool parser::is_parameter(std::size_t ahead) const {
  const auto& t = peek(ahead);
  return t.kind == token_kind::name && (t.text == "_" || is_lower_name(t.text));
}

bool parser::begins_lambda() const {
  std::size_t ahead = 1;
  while (is_parameter(ahead) && follows(",", ahead + 1))
    ahead += 2;
  ahead += is_parameter(ahead) ? 1 : 0;
  return follows(")", ahead) && follows("=>", ahead + 1);
}

node_number parser::lambda() {
  const auto made = make(node_kind::lambda, next().offset);
  std::vector<std::string> parameters;
  while (!accept(")") && !failed()) {
    parameters.emplace_back(next().text);
    accept(",");
  }
  expect("=>");
  const auto body = either();
  if (failed())
    return 0;
  at(made).names = std::move(parameters);
  at(made).children = {body};
  return made;
}

} // namespace weir::ottl
