#include "ottl/compiler.hpp"

#include "ottl/compiler_impl.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace weir::ottl {

parsed<program> compiler::compile(std::string_view source) {
  made_.source = source;
  if (tree_.editor != syntax_tree::none)
    made_.editor = call(tree_.nodes[tree_.editor], true);
  if (tree_.condition != syntax_tree::none)
    made_.condition = boolean(tree_.condition);
  if (error_)
    return tl::unexpected(*error_);
  return std::move(made_);
}

void compiler::fail_at(std::size_t offset, std::string message) {
  if (!error_)
    error_ = statement_error{offset, std::move(message)};
}

expression_number compiler::add(expression e) {
  made_.expressions.push_back(std::move(e));
  return static_cast<expression_number>(made_.expressions.size() - 1);
}

expression_number compiler::literal(const value& v) {
  expression e;
  e.literal = v;
  std::string any(wire_size(v), '\0');
  put_wire(any.data(), v);
  e.any = keep(any);
  return add(std::move(e));
}

range compiler::parts_of(const std::vector<node_number>& nodes, part compile_part) {
  std::vector<expression_number> compiled;
  for (const auto n : nodes)
    compiled.push_back((this->*compile_part)(n));
  const range made{static_cast<expression_number>(made_.parts.size()),
                   static_cast<expression_number>(compiled.size())};
  made_.parts.insert(made_.parts.end(), compiled.begin(), compiled.end());
  return made;
}

expression_number compiler::joined(expression::kind kind, const node& n, part compile_part) {
  expression e;
  e.form = kind;
  e.op = n.op;
  e.parts = parts_of(n.children, compile_part);
  return add(std::move(e));
}

expression_number compiler::boolean(node_number n) {
  const auto& node = at(n);
  switch (node.kind) {
  case node_kind::not_:
    return joined(expression::kind::not_, node, &compiler::boolean);
  case node_kind::and_:
    return joined(expression::kind::and_, node, &compiler::boolean);
  case node_kind::or_:
    return joined(expression::kind::or_, node, &compiler::boolean);
  case node_kind::compare:
    return joined(expression::kind::compare, node, &compiler::expression_of);
  case node_kind::call: {
    const auto* function = find_function(node.text);
    if (function != nullptr && function->result == result_type::nothing)
      fail_at(node.offset, fmt::format("found the editor `{}`, expected a condition", node.text));
    return call(node, false);
  }
  default:
    return expression_of(n);
  }
}

expression_number compiler::expression_of(node_number n) {
  const auto& node = at(n);
  switch (node.kind) {
  case node_kind::nil:
    return literal({});
  case node_kind::boolean:
    return literal(value::of(node.boolean));
  case node_kind::integer:
    return literal(value::of(node.integer));
  case node_kind::real:
    return literal(value::of(node.real));
  case node_kind::string:
    return literal(value::of_string(keep(node.text)));
  case node_kind::bytes:
    return literal(value::of_bytes(value_type::bytes, keep(node.text)));
  case node_kind::enumerator:
    return enumerator(node);
  case node_kind::path:
    return path(node);
  case node_kind::lambda:
    fail_at(node.offset, "found a lambda, expected a value");
    return 0;
  case node_kind::call:
    return call(node, false);
  case node_kind::list:
    return joined(expression::kind::list, node, &compiler::expression_of);
  case node_kind::map:
    return map(node);
  case node_kind::negate:
    return joined(expression::kind::negate, node, &compiler::expression_of);
  case node_kind::arithmetic:
    return joined(expression::kind::arithmetic, node, &compiler::expression_of);
  default:
    return boolean(n);
  }
}

expression_number compiler::enumerator(const node& n) {
  const auto found = find_enumerator(options_.context, n.text);
  if (!found)
    fail_at(n.offset, fmt::format("found the unknown name `{}` in a statement about a {}", n.text,
                                  to_string(options_.context)));
  return literal(value::of(found.value_or(0)));
}

expression_number compiler::map(const node& n) {
  const auto made = joined(expression::kind::map, n, &compiler::expression_of);
  for (const auto& name : n.names)
    made_.expressions[made].names.push_back(keep(name));
  return made;
}

parsed<program> compile_statement(std::string_view text, const compile_options& options) {
  return parse_statement(text).and_then(
      [&](const auto& tree) { return compiler(tree, options).compile(text); });
}

parsed<program> compile_condition(std::string_view text, const compile_options& options) {
  return parse_condition(text).and_then(
      [&](const auto& tree) { return compiler(tree, options).compile(text); });
}

context_kind lower_of(context_kind a, context_kind b) noexcept {
  using enum context_kind;
  constexpr std::array order{log, datapoint, metric, spanevent, span, scope, resource};
  return *std::find_if(order.begin(), order.end(), [&](auto c) { return c == a || c == b; });
}

parsed<std::optional<context_kind>> named_context(std::string_view text, bool is_statement) {
  const auto tree = is_statement ? parse_statement(text) : parse_condition(text);
  if (!tree)
    return tl::unexpected(tree.error());
  std::optional<context_kind> lowest;
  for (const auto& n : tree->nodes) {
    if (n.kind != node_kind::path || n.path.size() < 2)
      continue;
    if (const auto named = context_named(n.path[0].name))
      lowest = lowest ? lower_of(*lowest, *named) : *named;
  }
  return lowest;
}

} // namespace weir::ottl
