#pragma once

#include "editing/regex.hpp"
#include "ottl/value.hpp"

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weir::ottl {

/// A grok pattern: a regular expression with `%{NAME}`, `%{NAME:key}` and `%{NAME:key:type}` in it,
/// which stand for named expressions and say under which key what they match is found. Immutable;
/// any thread.
class grok {
public:
  /// Expressions nested in each other; deeper ones are taken for endless.
  static constexpr int max_depth = 32;

  /// `definitions`: NAME=expression, known beside the patterns of data/grok_patterns.inc.
  /// `named_only`: what has no key is not found under its name. errc::invalid_argument where a name
  /// is unknown, or the expression malformed or, with all that it stands for, over the bounds of
  /// editing::regex.
  static result<grok> compile(std::string_view pattern, bool named_only,
                              const std::vector<std::string_view>& definitions);

  bool has_keys() const noexcept;

  /// Adds what the first match has to a map: a pair for each key that is not empty. Nothing where
  /// there is no match. False: a text is not of its type.
  bool extract(std::string_view text, text_builder& map) const;

private:
  using type_map = std::unordered_map<std::string, std::string>;

  grok(regex compiled, type_map types) : regex_(std::move(compiled)), types_(std::move(types)) {}

  regex regex_;
  type_map types_; ///< By name of the group.
};

} // namespace weir::ottl
