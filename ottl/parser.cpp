#include "ottl/lexer.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace weir::ottl {

namespace {

bool is_lower_name(std::string_view name) {
  return name[0] >= 'a' && name[0] <= 'z'
         && std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

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

/// One pass, no going back: what stands in brackets may be a value or a boolean, and what follows
/// decides which of them was allowed. The first error is kept and ends the parse.
class parser {
public:
  explicit parser(const std::vector<token>& tokens) : tokens_(tokens) {}

  parsed<syntax_tree> statement() {
    if (peek().kind != token_kind::name || !is_lower(peek().text[0]) || !follows("(", 1))
      refuse(peek(), "an editor such as `set(`");
    tree_.editor = call();
    if (!failed() && peek().kind == token_kind::name && peek().text == "where") {
      next();
      tree_.condition = boolean();
    }
    return finish("`where` or the end");
  }

  parsed<syntax_tree> condition() {
    tree_.condition = boolean();
    return finish("`and`, `or` or the end");
  }

private:
  static bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

  const token& peek(std::size_t ahead = 0) const {
    return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
  }
  const token& next() {
    const auto& t = peek();
    next_ = std::min(next_ + 1, tokens_.size() - 1);
    return t;
  }
  bool follows(std::string_view symbol, std::size_t ahead = 0) const {
    return peek(ahead).kind == token_kind::symbol && peek(ahead).text == symbol;
  }
  bool accept(std::string_view symbol) {
    if (failed() || !follows(symbol))
      return false;
    next();
    return true;
  }
  void expect(std::string_view symbol) {
    if (!accept(symbol))
      refuse(peek(), fmt::format("`{}`", symbol));
  }

  bool failed() const { return failed_; }
  void fail_at(std::size_t offset, std::string message) {
    if (!failed_)
      error_ = {offset, std::move(message)};
    failed_ = true;
  }
  void refuse(const token& found, std::string_view expected) {
    fail_at(found.offset, fmt::format("found {}, expected {}", describe(found), expected));
  }

  parsed<syntax_tree> finish(std::string_view expected) {
    if (!failed() && peek().kind != token_kind::end)
      refuse(peek(), expected);
    if (failed())
      return tl::unexpected(error_);
    return std::move(tree_);
  }

  node_number make(node_kind kind, std::size_t offset, std::vector<node_number> children = {}) {
    if (tree_.nodes.size() >= max_nodes) {
      fail_at(offset, fmt::format("found more than {} values and operators", max_nodes));
      return 0;
    }
    auto& made = tree_.nodes.emplace_back();
    made.kind = kind;
    made.offset = offset;
    made.children = std::move(children);
    return static_cast<node_number>(tree_.nodes.size() - 1);
  }
  node& at(node_number number) { return tree_.nodes[number]; }

  /// Counts how deep things stand inside each other.
  struct level {
    explicit level(parser& owner) : p(owner) {
      if (++p.depth_ > max_depth)
        p.fail_at(p.peek().offset,
                  fmt::format("found more than {} levels inside each other", max_depth));
    }
    ~level() { --p.depth_; }
    level(const level&) = delete;
    level& operator=(const level&) = delete;
    parser& p;
  };

  // -- booleans --

  bool may_be_boolean(node_number number) {
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
  bool is_value(node_number number) {
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
  bool is_calculable(node_number number) {
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

  node_number boolean() {
    const auto number = either();
    require_boolean(number);
    return number;
  }
  void require_boolean(node_number number) {
    if (!failed() && !may_be_boolean(number))
      refuse(peek(), "a comparison such as `==`");
  }

  /// A boolean or a value: `or` binds least.
  node_number either() { return chain(node_kind::or_, token_kind::or_, &parser::conjunction); }
  node_number conjunction() { return chain(node_kind::and_, token_kind::and_, &parser::negation); }

  node_number chain(node_kind kind, token_kind word, node_number (parser::*part)()) {
    const auto first = (this->*part)();
    if (failed() || peek().kind != word)
      return first;
    std::vector<node_number> parts{first};
    require_boolean(first);
    while (!failed() && peek().kind == word) {
      next();
      parts.push_back((this->*part)());
      require_boolean(parts.back());
    }
    return failed() ? 0 : make(kind, at(first).offset, std::move(parts));
  }

  node_number negation() {
    if (peek().kind != token_kind::not_)
      return comparison();
    const auto offset = next().offset;
    if (peek().kind == token_kind::not_)
      refuse(peek(), "a condition");
    const auto operand = comparison();
    require_boolean(operand);
    return failed() ? 0 : make(node_kind::not_, offset, {operand});
  }

  node_number comparison() {
    const auto left = value();
    if (failed() || peek().kind != token_kind::comparison)
      return left;
    const auto& sign = next();
    const auto right = value();
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

  // -- values --

  node_number value() { return sum(); }

  node_number plain_value() {
    const auto number = value();
    if (!failed() && !is_value(number))
      fail_at(at(number).offset, "found a condition, expected a value");
    return number;
  }

  node_number sum() { return arithmetic(token_kind::plus_minus, &parser::product); }
  node_number product() { return arithmetic(token_kind::times_divide, &parser::signed_value); }

  node_number arithmetic(token_kind signs, node_number (parser::*part)()) {
    auto left = (this->*part)();
    for (std::size_t operators = 0; !failed() && peek().kind == signs; ++operators) {
      const auto& sign = next();
      if (operators == max_operators)
        fail_at(sign.offset, fmt::format("found more than {} operators in a row", max_operators));
      const auto right = (this->*part)();
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
  void require_calculable(node_number number) {
    if (!failed() && !is_calculable(number))
      fail_at(at(number).offset, "found a value that cannot be calculated with, expected a number, "
                                 "a path or a converter");
  }

  node_number signed_value() {
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

  node_number primary() {
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
      next();
      return make(node_kind::nil, t.offset);
    case token_kind::boolean:
      return truth();
    case token_kind::symbol:
      return bracket();
    default:
      refuse(t, "a value");
      return 0;
    }
  }

  node_number bracket() {
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
      fail_at(at(inside).offset,
              "found a value in brackets, expected a condition or a calculation");
    return inside;
  }

  bool is_parameter(std::size_t ahead) const {
    const auto& t = peek(ahead);
    return t.kind == token_kind::name && (t.text == "_" || is_lower_name(t.text));
  }

  /// Whether the bracket in hand holds parameters with an arrow behind it.
  bool begins_lambda() const {
    std::size_t ahead = 1;
    while (is_parameter(ahead) && follows(",", ahead + 1))
      ahead += 2;
    ahead += is_parameter(ahead) ? 1 : 0;
    return follows(")", ahead) && follows("=>", ahead + 1);
  }

  node_number lambda() {
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

  node_number truth() {
    const auto& t = next();
    const auto made = make(node_kind::boolean, t.offset);
    if (!failed())
      at(made).boolean = t.text == "true";
    return made;
  }

  node_number number() {
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

  node_number string() {
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

  node_number bytes() {
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

  node_number list() {
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

  node_number map() {
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

  void add_element(std::vector<node_number>& list, node_number element) {
    if (!failed() && list.size() >= max_elements)
      fail_at(at(element).offset, fmt::format("found more than {} elements", max_elements));
    list.push_back(element);
  }

  // -- names: paths, calls, enumerators --

  node_number name() {
    if (follows("(", 1)) {
      if (is_lower(peek().text[0]))
        refuse(peek(), "a converter, whose name begins with an upper-case letter");
      return call();
    }
    if (is_lower_name(peek().text))
      return path();
    const auto& t = next();
    const auto made = make(node_kind::enumerator, t.offset);
    if (!failed())
      at(made).text = t.text;
    return made;
  }

  node_number call() {
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

  void add_argument(std::vector<node_number>& arguments, std::vector<std::string>& names) {
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

  node_number path() {
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

  std::vector<node_number> keys() {
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

  const std::vector<token>& tokens_;
  std::size_t next_ = 0;
  std::size_t depth_ = 0;
  syntax_tree tree_;
  statement_error error_;
  bool failed_ = false;
};

} // namespace

parsed<syntax_tree> parse_statement(std::string_view text) {
  return lex(text).and_then([](const auto& tokens) { return parser(tokens).statement(); });
}

parsed<syntax_tree> parse_condition(std::string_view text) {
  return lex(text).and_then([](const auto& tokens) { return parser(tokens).condition(); });
}

} // namespace weir::ottl
