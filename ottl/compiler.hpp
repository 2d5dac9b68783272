#pragma once

#include "ottl/program.hpp"

#include <optional>
#include <string_view>

namespace weir::ottl {

/// How names of paths are read.
struct compile_options {
  context_kind context = context_kind::span;
  /// A path without a context (`attributes["k"]`) is one of `context`. Else it is an error, as
  /// where the Collector infers the context.
  bool implied_context = true;
};

/// Compiles `editor(...) where ...`.
parsed<program> compile_statement(std::string_view text, const compile_options& options);

/// Compiles a boolean expression.
parsed<program> compile_condition(std::string_view text, const compile_options& options);

/// The lowest context that a text's paths name (a span event before a span before a scope before a
/// resource), nothing where it names none. Errors are those of the syntax.
parsed<std::optional<context_kind>> named_context(std::string_view text, bool is_statement);

/// Which of two contexts statements have to run in that name both.
context_kind lower_of(context_kind a, context_kind b) noexcept;

} // namespace weir::ottl
