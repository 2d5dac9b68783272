#pragma once

#include "core/error.hpp"

#include <memory>
#include <string_view>

namespace re2 {
class RE2;
}

namespace weir::processors {

/// A compiled regular expression in RE2's syntax (that of Go's regexp package, but for a few
/// escapes): linear time, bounded memory, whatever the pattern. Immutable; copies share it. Any
/// thread.
class regex {
public:
  /// errc::invalid_argument with RE2's reason where the pattern is malformed or too big.
  static result<regex> compile(std::string_view pattern);

  /// Whether it matches anywhere in `text` (anchors are the pattern's business).
  bool matches(std::string_view text) const;

private:
  explicit regex(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {}

  std::shared_ptr<const re2::RE2> compiled_;
};

} // namespace weir::processors
