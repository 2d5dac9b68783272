#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace weir::app {

/// A place in a configuration; line and column count from 1. Line 0: the source as a whole.
struct place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t source = 0; ///< Into diagnostics::sources.

  friend bool operator==(const place&, const place&) = default;
  friend auto operator<=>(const place& a, const place& b) {
    return std::tie(a.source, a.line, a.column) <=> std::tie(b.source, b.line, b.column);
  }
};

/// One thing to tell the user about the configuration.
struct diagnostic {
  place position;
  std::string path; ///< "exporters.otlp/tempo.tls.ca_file"; "" = the file as a whole
  std::string message;

  friend auto operator<=>(const diagnostic&, const diagnostic&) = default;
};

/// What was found wrong (errors) or doubtful (warnings), all of it.
struct diagnostics {
  std::vector<diagnostic> errors;
  std::vector<diagnostic> warnings;
  std::vector<std::string> sources; ///< The names of files and other sources, by place::source.

  void error(place position, std::string path, std::string message);
  void warn(place position, std::string path, std::string message);
  bool ok() const noexcept { return errors.empty(); }

  /// Orders by place and drops repeats.
  void sort();
};

/// `file:line:column: path: message`
std::string to_text(const diagnostic& d, std::string_view file);
/// The same with the name of the source that it is about.
std::string to_text(const diagnostic& d, std::span<const std::string> sources);

/// The name of `known` that is nearest to `name` by edit distance, or "" when none is near.
std::string_view nearest(std::string_view name, std::span<const std::string_view> known);

/// " (did you mean `x`?)", or "" when no known name is near.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> known);

/// Whether two words differ in the case of their letters alone.
bool same_word(std::string_view a, std::string_view b) noexcept;

/// "`a`, `b` or `c`"
std::string any_of(std::span<const std::string_view> names);

/// `text` in backquotes, made printable, cut when long: for messages that quote what was found.
std::string quoted(std::string_view text);

} // namespace weir::app
