#pragma once

#include "ottl/token_reader.hpp"

namespace weir::ottl {

/// One pass, no going back: what stands in brackets may be a value or a boolean, and what follows
/// decides which of them was allowed. The first error is kept and ends the parse.
class parser : private token_reader {
public:
  using token_reader::token_reader;

  // Each once.
  parsed<syntax_tree> statement();
  parsed<syntax_tree> condition();

private:
  using part = node_number (parser::*)();

  parsed<syntax_tree> finish(std::string_view expected);
  node_number make(node_kind kind, std::size_t offset, std::vector<node_number> children = {});
  node& at(node_number number) { return tree_.nodes[number]; }
  void add_element(std::vector<node_number>& list, node_number element);

  /// Counts how deep things stand inside each other.
  class level {
  public:
    explicit level(parser& owner);
    ~level() { --parser_.depth_; }
    level(const level&) = delete;
    level& operator=(const level&) = delete;

  private:
    parser& parser_;
  };

  // -- booleans and calculations (parser_expressions.cpp) --
  bool may_be_boolean(node_number number);
  bool is_value(node_number number);
  bool is_calculable(node_number number);
  void require_boolean(node_number number);
  void require_calculable(node_number number);

  node_number boolean();
  /// A boolean or a value: `or` binds least.
  node_number either();
  node_number conjunction();
  node_number chain(node_kind kind, token_kind word, part operand);
  node_number negation();
  node_number comparison();
  /// A value that is no condition.
  node_number plain_value();
  node_number sum();
  node_number product();
  node_number arithmetic(token_kind signs, part operand);
  node_number signed_value();

  // -- what they are made of (parser_operands.cpp) --
  node_number primary();
  node_number bracket();
  bool is_parameter(std::size_t ahead) const;
  /// Whether the bracket in hand holds parameters with an arrow behind it.
  bool begins_lambda() const;
  node_number lambda();

  // -- literals (parser_literals.cpp) --
  node_number nil();
  node_number truth();
  node_number number();
  node_number string();
  node_number bytes();
  node_number list();
  node_number map();

  // -- names: paths, calls, enumerators (parser_names.cpp) --
  node_number name();
  node_number enumerator();
  node_number call();
  void add_argument(std::vector<node_number>& arguments, std::vector<std::string>& names);
  node_number path();
  std::vector<node_number> keys();

  std::size_t depth_ = 0;
  syntax_tree tree_;
};

bool is_lower(char c) noexcept;
/// Begins in lower case and has no upper case: a path's.
bool is_lower_name(std::string_view name) noexcept;

} // namespace weir::ottl
