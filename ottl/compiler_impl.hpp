#pragma once

#include "ottl/compiler.hpp"
#include "ottl/functions.hpp"

#include <optional>
#include <vector>

namespace weir::ottl {

/// Number of an expression in its program.
using expression_number = std::uint32_t;

/// Turns a syntax tree into a program: names become numbers. The first error is kept.
class compiler {
public:
  compiler(const syntax_tree& tree, const compile_options& options)
      : tree_(tree), options_(options) {}

  /// Once.
  parsed<program> compile(std::string_view source);

private:
  using part = expression_number (compiler::*)(node_number);

  struct local_name {
    std::string_view name; ///< "": nothing can name it.
    expression_number slot = 0;
  };

  void fail_at(std::size_t offset, std::string message);
  const node& at(node_number n) const { return tree_.nodes[n]; }
  std::string_view keep(const std::string& text) { return made_.texts.emplace_back(text); }
  expression_number add(expression e);

  // -- expressions (compiler.cpp) --
  expression_number literal(const value& v);
  range parts_of(const std::vector<node_number>& nodes, part compile_part);
  expression_number joined(expression::kind kind, const node& n, part compile_part);
  expression_number boolean(node_number n);
  expression_number expression_of(node_number n);
  expression_number enumerator(const node& n);
  expression_number map(const node& n);

  // -- names (compiler_paths.cpp): paths, their keys, parameters of lambdas --
  expression_number path(const node& n);
  /// What the path names, which is checked; null after an error.
  const path_info* info_of(const node& n);
  void check_keys(const node& n, const path_info& info);
  range keys_of(const std::vector<node_number>& nodes);
  /// The parameter of that name of the innermost lambda around that has one.
  std::optional<expression_number> local(std::string_view name) const;
  expression_number local_value(const node& n, expression_number slot);
  expression_number lambda(const node& n, std::size_t arity);

  // -- calls (compiler_calls.cpp) --
  expression_number call(const node& n, bool as_editor);
  /// By its name; null, with an error, where it cannot stand there.
  const function_info* function_of(const node& n, bool as_editor);
  void place_arguments(const node& n, const function_info& function, call_info& call);
  /// Which parameter argument `i` is for; nothing after an error.
  std::optional<std::size_t> place_of(const node& n, std::size_t i, const function_info& function);
  argument argument_of(node_number n, const function_info& function, const parameter& p);
  void check_elements(const node& list, parameter_type type);
  function_body converter(const node& n);
  std::int32_t compile_pattern(const node& n, bool glob);
  void check_target(const node& n, expression_number compiled, parameter_type type);

  const syntax_tree& tree_;
  const compile_options& options_;
  std::vector<local_name> locals_; ///< Those in scope, the innermost last.
  program made_;
  std::optional<statement_error> error_;
};

/// For program::reads, writes and function_info::contexts.
inline std::uint8_t bit(context_kind c) {
  return static_cast<std::uint8_t>(1U << static_cast<unsigned>(c));
}

} // namespace weir::ottl
