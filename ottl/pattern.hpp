#pragma once

#include "editing/regex.hpp"
#include "ottl/value.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::ottl {

/// A regular expression of a statement: editing::regex, with Go's way to write replacements.
/// Immutable; copies share it. Any thread.
class pattern {
public:
  /// errc::invalid_argument with the reason where it is malformed or too big.
  static result<pattern> compile(std::string_view expression);

  bool matches(std::string_view text) const { return regex_.matches(text); }

  /// The groups of one match, the whole of it first.
  struct groups {
    const std::string_view* first = nullptr;
    int count = 0;
  };

  /// Copies `text` to `out` with every match replaced: `on_match` writes what stands there instead.
  /// False where there is no match: nothing was written then.
  bool replace(std::string_view text, text_builder& out,
               const std::function<void(const groups&)>& on_match) const;

  /// Writes a replacement, with `$1`, `${name}` and `$$` in it as in Go.
  void expand(std::string_view replacement, const groups& found, text_builder& out) const;

  /// Adds a pair to a map for each named group of the first match ("" where a group took no part).
  void extract(std::string_view text, text_builder& map) const;
  bool has_names() const noexcept;

private:
  explicit pattern(regex compiled) : regex_(std::move(compiled)) {}
  int group_named(std::string_view name) const noexcept;

  regex regex_;
};

/// A shell-like pattern of a statement (`*`, `?`, `[a-z]`, `{a,b}`, backslash) as an expression
/// that matches all of a text.
result<pattern> compile_glob(std::string_view glob);

} // namespace weir::ottl
