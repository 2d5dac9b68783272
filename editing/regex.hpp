#pragma once

#include "core/error.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace re2 {
class RE2;
}

namespace weir::editing {

/// A compiled regular expression in RE2's syntax (that of Go's regexp package, but for a few
/// escapes): linear time, bounded memory, whatever the pattern. Immutable; copies share it. Any
/// thread. Matching counts as work (work.hpp): all of these throw work_ended where its time is
/// over.
class regex {
public:
  /// Memory of program and automaton: an expression such as ((a{99}){99}){99} is over it.
  static constexpr std::int64_t max_program_bytes = 4 << 20;
  static constexpr std::size_t max_pattern_bytes = 16 << 10;
  static constexpr std::size_t max_groups = 64;

  /// errc::invalid_argument with RE2's reason where the pattern is malformed or too big.
  static result<regex> compile(std::string_view pattern);

  /// Linear time can be long: each byte may cost as many steps as the program has. Where that
  /// could be many, this walks over the text in short pieces first and throws work_ended once the
  /// time is over, as a match cannot be stopped half-way. For a text of which find() is to look at
  /// all, before the first; the others call it themselves.
  void expect_to_afford(std::string_view text) const;

  /// Whether it matches anywhere in `text` (anchors are the pattern's business).
  bool matches(std::string_view text) const;

  /// Names of the groups, in their order; "" for one without.
  const std::vector<std::string>& group_names() const noexcept { return *names_; }

  /// The first match from `begin` on: fills `groups` with the whole match and each group (null: it
  /// took no part). @pre `groups.size() == group_names().size() + 1`
  bool find(std::string_view text, std::size_t begin, std::span<std::string_view> groups) const;

  /// Calls `on_match(match)` for each match, from left to right, as Go's ReplaceAll finds them (no
  /// empty one right behind another).
  template <class OnMatch>
  void for_each_match(std::string_view text, OnMatch&& on_match) const {
    expect_to_afford(text);
    auto behind = std::string_view::npos; // no pointer: an empty text may have none
    for (std::size_t position = 0; position <= text.size();) {
      std::string_view match;
      if (!find_whole(text, position, match))
        return;
      const auto begin = static_cast<std::size_t>(match.data() - text.data());
      if (!match.empty() || begin != behind)
        on_match(match);
      behind = begin + match.size();
      position = match.empty() ? next_character(text, behind) : behind;
    }
  }

private:
  explicit regex(std::shared_ptr<const re2::RE2> compiled);

  bool find_whole(std::string_view text, std::size_t begin, std::string_view& match) const;
  static std::size_t next_character(std::string_view text, std::size_t position) noexcept;

  std::shared_ptr<const re2::RE2> compiled_;
  std::shared_ptr<const std::vector<std::string>> names_;
};

} // namespace weir::editing
