#include "ottl/parser.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::ottl {

bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}

bool is_lower_name(std::string_view name) noexcept {
  return is_lower(name[0])
         && std::none_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

parsed<syntax_tree> parser::statement() {
  if (peek().kind != token_kind::name || !is_lower(peek().text[0]) || !follows("(", 1))
    refuse(peek(), "an editor such as `set(`");
  tree_.editor = call();
  if (!failed() && peek().kind == token_kind::name && peek().text == "where") {
    next();
    tree_.condition = boolean();
  }
  return finish("`where` or the end");
}

parsed<syntax_tree> parser::condition() {
  tree_.condition = boolean();
  return finish("`and`, `or` or the end");
}

parsed<syntax_tree> parser::finish(std::string_view expected) {
  if (!failed() && peek().kind != token_kind::end)
    refuse(peek(), expected);
  if (failed())
    return tl::unexpected(error());
  return std::move(tree_);
}

node_number parser::make(node_kind kind, std::size_t offset, std::vector<node_number> children) {
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

parser::level::level(parser& owner) : parser_(owner) {
  if (++parser_.depth_ > max_depth)
    parser_.fail_at(parser_.peek().offset,
                    fmt::format("found more than {} levels inside each other", max_depth));
}

void parser::add_element(std::vector<node_number>& list, node_number element) {
  if (!failed() && list.size() >= max_elements)
    fail_at(at(element).offset, fmt::format("found more than {} elements", max_elements));
  list.push_back(element);
}

parsed<syntax_tree> parse_statement(std::string_view text) {
  return lex(text).and_then([](const auto& tokens) { return parser(tokens).statement(); });
}

parsed<syntax_tree> parse_condition(std::string_view text) {
  return lex(text).and_then([](const auto& tokens) { return parser(tokens).condition(); });
}

} // namespace weir::ottl
