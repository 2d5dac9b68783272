// The parser of ottl/parser.hpp: paths, enumerators and calls.
#include "ottl/parser.hpp"

#include <fmt/format.h>

namespace weir::ottl {

node_number parser::name() {
  if (follows("(", 1)) {
    if (is_lower(peek().text[0]))
      refuse(peek(), "a converter, whose name begins with an upper-case letter");
    return call();
  }
  if (is_lower_name(peek().text))
    return path();
  return enumerator();
}

node_number parser::enumerator() {
  const auto& t = next();
  const auto made = make(node_kind::enumerator, t.offset);
  if (!failed())
    at(made).text = t.text;
  return made;
}

node_number parser::call() {
  if (failed())
    return 0;
  const level deeper(*this);
  const auto& t = next();
  const bool editor = is_lower(t.text[0]);
  const auto made = make(node_kind::call, t.offset);
  std::vector<node_number> arguments;
  std::vector<std::string> names;
  expect("(");
  if (!failed() && !follows(")"))
    do
      add_argument(arguments, names);
    while (accept(","));
  expect(")");
  auto index = keys();
  if (editor && !index.empty())
    fail_at(t.offset, "found keys behind an editor, which has no value");
  if (failed())
    return 0;
  at(made).text = t.text;
  at(made).children = std::move(arguments);
  at(made).names = std::move(names);
  at(made).keys = std::move(index);
  return made;
}

void parser::add_argument(std::vector<node_number>& arguments, std::vector<std::string>& names) {
  std::string argument_name;
  if (peek().kind == token_kind::name && follows("=", 1)) {
    argument_name = next().text;
    next();
  } else if (!names.empty() && !names.back().empty()) {
    refuse(peek(), "a named argument: those by place come first");
  }
  if (failed())
    return;
  add_element(arguments, plain_value());
  names.push_back(std::move(argument_name));
}

node_number parser::path() {
  const auto made = make(node_kind::path, peek().offset);
  std::vector<path_segment> segments;
  std::size_t parts = 0;
  do {
    const auto& t = peek();
    if (t.kind != token_kind::name || !is_lower_name(t.text)) {
      refuse(t, "a name in lower case");
      break;
    }
    next();
    segments.push_back({std::string(t.text), t.offset, keys()});
    parts += 1 + segments.back().keys.size();
    if (parts > max_path_segments)
      fail_at(t.offset, fmt::format("found more than {} parts of a path", max_path_segments));
  } while (accept("."));
  if (!failed())
    at(made).path = std::move(segments);
  return made;
}

std::vector<node_number> parser::keys() {
  std::vector<node_number> found;
  while (accept("[")) {
    const auto key = plain_value();
    if (!failed() && at(key).kind != node_kind::string && !is_calculable(key))
      fail_at(at(key).offset, "found a key that is neither text nor a whole number");
    expect("]");
    found.push_back(key);
    if (found.size() > max_path_segments)
      fail_at(peek().offset, fmt::format("found more than {} keys", max_path_segments));
  }
  return found;
}

} // namespace weir::ottl
