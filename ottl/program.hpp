#pragma once

#include "ottl/path.hpp"
#include "ottl/pattern.hpp"
#include "ottl/value.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::ottl {

class evaluation;
struct expression;
struct call_info;

/// Carries a function out. False: it failed, and the evaluation knows why.
using function_body = bool (*)(evaluation&, const call_info&, value& out);

/// A run of expression numbers, or of keys, of a program.
struct range {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
};

/// One key of a path or behind a converter: a literal, or an expression's value.
struct key {
  enum class kind : std::uint8_t { text, place, computed };
  kind form = kind::text;
  std::string_view text;
  std::int64_t place = 0;
  std::uint32_t expression = 0;
};

/// A path, resolved: nothing of its name is looked at when it runs.
struct resolved_path {
  const path_info* info = nullptr;
  range keys;
};

/// An argument of a call: the expression, or what was made of it before.
struct argument {
  static constexpr std::uint32_t absent = ~std::uint32_t{0};
  static constexpr std::uint32_t text_in_hand = absent - 1; ///< See evaluation::convert().

  std::uint32_t expression = absent;
  std::int32_t pattern = -1; ///< Into program::patterns.
  function_body function = nullptr;

  bool given() const noexcept { return expression != absent || function != nullptr; }
};

struct call_info {
  function_body body = nullptr;
  std::vector<argument> arguments; ///< One a parameter.
  range keys;
  bool uses_clock = false;                ///< The function's `prepare` says so.
  std::shared_ptr<const void> prepared{}; ///< What the function made of its literals at start.

  /// @pre the function's `prepare` made a T
  template <class T>
  const T& prepared_as() const noexcept {
    return *static_cast<const T*>(prepared.get());
  }
};

/// A node of a compiled statement.
struct expression {
  enum class kind : std::uint8_t {
    literal,
    path,
    local,  ///< A parameter of a lambda: `index` in workspace::locals, `parts` its keys.
    lambda, ///< `index`: its first parameter; its one part: its body.
    call,
    list,
    map,
    negate,
    arithmetic,
    compare,
    not_,
    and_,
    or_
  };

  kind form = kind::literal;
  operation op = operation::add;
  std::uint32_t index = 0; ///< Of its path or call.
  range parts;             ///< Operands or elements, in program::parts.
  value literal;
  std::string_view any;                ///< The literal as an attribute holds it.
  std::vector<std::string_view> names; ///< A map's keys.
};

/// A statement or condition, compiled for one context. Immutable; any thread.
struct program {
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  // Its parts view its texts, which a copy would not have.
  program() = default;
  program(program&&) = default;
  program& operator=(program&&) = default;

  std::uint32_t editor = none;
  std::uint32_t condition = none; ///< None: always.
  std::uint32_t locals = 0;       ///< Parameters of all its lambdas.

  std::vector<expression> expressions;
  std::vector<std::uint32_t> parts;
  std::vector<key> keys;
  std::vector<resolved_path> paths;
  std::vector<call_info> calls;
  std::vector<pattern> patterns;
  std::deque<std::string> texts; ///< What literals and keys view.

  /// Levels above the item of its context that it reads, and that it writes: bits by context_kind.
  std::uint8_t reads = 0;
  std::uint8_t writes = 0;

  bool uses_clock = false;  ///< Now() stands in it, or a time without its year.
  bool makes_items = false; ///< Its editor puts items beside the one that it is about.
  std::string source;       ///< For messages.
};

} // namespace weir::ottl
