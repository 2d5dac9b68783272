#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

// What a statement or condition says, before names mean anything. docs/ottl.md has the grammar.
namespace weir::ottl {

/// Bounds on one statement or condition; what is over them is an error.
inline constexpr std::size_t max_statement_bytes = 16 << 10;
inline constexpr std::size_t max_depth = 32;      ///< Brackets, calls and signs inside each other.
inline constexpr std::size_t max_nodes = 4096;    ///< Values, operators and calls.
inline constexpr std::size_t max_elements = 1024; ///< Arguments of a call, items of a list or map.
inline constexpr std::size_t max_operators = 64;  ///< Of a calculation, one after another.
inline constexpr std::size_t max_path_segments = 8; ///< Names and keys of a path.

/// What is wrong with a statement, and at which of its bytes.
struct statement_error {
  std::size_t offset = 0;
  std::string message;
};

template <class T>
using parsed = tl::expected<T, statement_error>;

/// Number of a node in its syntax tree.
using node_number = std::uint32_t;

enum class node_kind : std::uint8_t {
  nil,
  boolean,
  integer,
  real,
  string,
  bytes,
  enumerator, ///< `SPAN_KIND_SERVER`, or the name of a function as an argument: see `text`.
  list,
  map,
  path,
  call,   ///< An editor or a converter; its keys stand behind its arguments.
  lambda, ///< `(key, value) => ...`: its parameters in `names`, its body the only child.
  negate,
  arithmetic,
  compare,
  not_,
  and_,
  or_,
};

enum class operation : std::uint8_t {
  add,
  subtract,
  multiply,
  divide,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
};

/// One name of a path with the keys that index it: `attributes["http"]["method"]`.
struct path_segment {
  std::string name;
  std::size_t offset = 0;
  std::vector<node_number> keys;
};

struct node {
  node_kind kind = node_kind::nil;
  operation op = operation::add;
  bool boolean = false;
  std::size_t offset = 0;
  std::int64_t integer = 0;
  double real = 0;
  std::string text; ///< Content of strings and bytes; name of calls and enumerators.
  std::vector<node_number> children; ///< Operands, arguments, elements.
  /// A call: of its named arguments ("" = by place). A map: keys. A lambda: parameters.
  std::vector<std::string> names;
  std::vector<node_number> keys; ///< Of a call: `Split(...)[0]`.
  std::vector<path_segment> path;
};

/// A statement (`editor(...) where condition`) or a condition.
struct syntax_tree {
  static constexpr node_number none = ~node_number{0};

  std::vector<node> nodes;
  node_number editor = none;    ///< Of a statement.
  node_number condition = none; ///< Of a condition, or behind `where`.
};

/// Reads `editor(...)` with or without `where ...`.
parsed<syntax_tree> parse_statement(std::string_view text);

/// Reads a boolean expression.
parsed<syntax_tree> parse_condition(std::string_view text);

} // namespace weir::ottl
