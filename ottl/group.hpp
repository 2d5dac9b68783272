#pragma once

#include "core/signal.hpp"
#include "ottl/compiler.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weir::ottl {

/// Statements, and conditions before them, that run in one context, as they stand in the file.
struct group_source {
  weir::signal kind = weir::signal::traces;
  /// Nothing: found from the paths, which all name theirs then.
  std::optional<context_kind> context;
  std::vector<std::string> conditions;
  std::vector<std::string> statements;
};

/// Which of a group's texts is wrong, and how.
struct group_error {
  bool in_statements = false;
  std::size_t index = 0; ///< Into the conditions or the statements.
  statement_error error;
};

struct compiled_group {
  context_kind context = context_kind::span;
  std::vector<program> conditions;
  std::vector<program> statements;

  std::uint8_t reads = 0; ///< As in program, of all of them.
  std::uint8_t writes = 0;
  bool makes_items = false;
};

/// The contexts that statements about a signal may have, from the lowest on.
std::vector<context_kind> contexts_of(weir::signal kind);

/// Compiles all of a group, or says what is wrong with each part of it.
tl::expected<compiled_group, std::vector<group_error>> compile_group(const group_source& source);

/// "line 1, column 12 of `...`: found ..."
std::string to_string(const group_error& e, const group_source& source);

} // namespace weir::ottl
