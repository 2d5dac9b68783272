// The parser of ottl/parser.hpp: literals of values, lists and maps.
#include "ottl/parser.hpp"

#include <charconv>

namespace weir::ottl {

node_number parser::nil() {
  return make(node_kind::nil, next().offset);
}

node_number parser::truth() {
  const auto& t = next();
  const auto made = make(node_kind::boolean, t.offset);
  if (!failed())
    at(made).boolean = t.text == "true";
  return made;
}

node_number parser::number() {
  const auto& t = next();
  const bool whole = t.kind == token_kind::integer;
  const auto made = make(whole ? node_kind::integer : node_kind::real, t.offset);
  if (failed())
    return 0;
  const auto* end = t.text.data() + t.text.size();
  const auto read = whole ? std::from_chars(t.text.data(), end, at(made).integer)
                          : std::from_chars(t.text.data(), end, at(made).real);
  if (read.ec != std::errc{} || read.ptr != end)
    refuse(t, whole ? "a whole number below 2^63" : "a number that a double holds");
  return made;
}

node_number parser::string() {
  const auto& t = next();
  const auto made = make(node_kind::string, t.offset);
  if (failed())
    return 0;
  auto content = unquote(t);
  if (!content)
    fail_at(content.error().offset, content.error().message);
  else
    at(made).text = std::move(*content);
  return made;
}

node_number parser::bytes() {
  const auto& t = next();
  const auto digits = t.text.substr(2);
  if (digits.size() % 2 != 0)
    refuse(t, "an even number of hexadecimal digits");
  const auto made = make(node_kind::bytes, t.offset);
  for (std::size_t i = 0; !failed() && i + 1 < digits.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(digits.data() + i, digits.data() + i + 2, byte, 16);
    at(made).text.push_back(static_cast<char>(byte));
  }
  return made;
}

node_number parser::list() {
  const auto made = make(node_kind::list, next().offset);
  std::vector<node_number> items;
  if (!follows("]"))
    do
      add_element(items, plain_value());
    while (accept(","));
  expect("]");
  if (!failed())
    at(made).children = std::move(items);
  return made;
}

node_number parser::map() {
  const auto made = make(node_kind::map, next().offset);
  std::vector<node_number> items;
  std::vector<std::string> keys;
  while (!failed() && !follows("}")) {
    if (peek().kind != token_kind::string) {
      refuse(peek(), "a key such as `\"name\"`");
      break;
    }
    auto key = unquote(next());
    if (!key)
      fail_at(key.error().offset, key.error().message);
    else
      keys.push_back(std::move(*key));
    expect(":");
    if (!failed())
      add_element(items, plain_value());
    accept(",");
  }
  expect("}");
  if (!failed()) {
    at(made).children = std::move(items);
    at(made).names = std::move(keys);
  }
  return made;
}

} // namespace weir::ottl
