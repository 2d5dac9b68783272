#include "editing/regex.hpp"

#include "core/utf8.hpp"
#include "editing/work.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <re2/re2.h>

namespace weir::editing {

namespace {

// Steps of a match that are not worth a second look: some 0.1 s where each is one of RE2's slow
// ones.
constexpr std::size_t small_match = 16 << 20;
// Of a piece that is tried before.
constexpr std::size_t small_piece = 4 << 20;

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

template <std::size_t Room>
bool find_with(const RE2& compiled, std::string_view text, std::size_t begin,
               std::span<std::string_view> groups) {
  std::array<re2::StringPiece, Room> found;
  if (!compiled.Match(piece(text), begin, text.size(), RE2::UNANCHORED, found.data(),
                      static_cast<int>(groups.size())))
    return false;
  for (std::size_t i = 0; i < groups.size(); ++i)
    groups[i] = {found[i].data(), found[i].size()};
  return true;
}

} // namespace

regex::regex(std::shared_ptr<const re2::RE2> compiled) : compiled_(std::move(compiled)) {
  std::vector<std::string> names(static_cast<std::size_t>(compiled_->NumberOfCapturingGroups()));
  for (const auto& [group, name] : compiled_->CapturingGroupNames())
    names[static_cast<std::size_t>(group) - 1] = name;
  names_ = std::make_shared<const std::vector<std::string>>(std::move(names));
}

result<regex> regex::compile(std::string_view pattern) {
  if (pattern.size() > max_pattern_bytes)
    return fail(errc::invalid_argument,
                fmt::format("found a regex of {} bytes, expected at most {}", pattern.size(),
                            max_pattern_bytes));
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(max_program_bytes);
  auto compiled = std::make_shared<const RE2>(piece(pattern), options);
  if (!compiled->ok())
    return fail(errc::invalid_argument,
                fmt::format("invalid regex `{}`: {}", pattern, compiled->error()));
  if (static_cast<std::size_t>(compiled->NumberOfCapturingGroups()) > max_groups)
    return fail(errc::invalid_argument,
                fmt::format("found {} groups in a regex, expected at most {}",
                            compiled->NumberOfCapturingGroups(), max_groups));
  return regex(std::move(compiled));
}

void regex::expect_to_afford(std::string_view text) const {
  const auto steps = static_cast<std::size_t>(std::max(1, compiled_->ProgramSize()));
  if (text.size() <= small_match / steps || !work().bounded())
    return;
  const auto length = std::max<std::size_t>(small_piece / steps, 64);
  while (!text.empty()) {
    const auto part = text.substr(0, length);
    compiled_->Match(piece(part), 0, part.size(), RE2::UNANCHORED, nullptr, 0);
    work().spend(work_meter::stride); // looks at the clock
    text.remove_prefix(part.size());
  }
}

bool regex::matches(std::string_view text) const {
  expect_to_afford(text);
  work().spend(text.size());
  return compiled_->Match(piece(text), 0, text.size(), RE2::UNANCHORED, nullptr, 0);
}

bool regex::find(std::string_view text, std::size_t begin,
                 std::span<std::string_view> groups) const {
  // Clearing room for all groups there can be would cost as much as a short match.
  constexpr std::size_t few = 8;
  work().spend(text.size() - begin);
  return groups.size() <= few ? find_with<few>(*compiled_, text, begin, groups)
                              : find_with<max_groups + 1>(*compiled_, text, begin, groups);
}

bool regex::find_whole(std::string_view text, std::size_t begin, std::string_view& match) const {
  return find(text, begin, std::span(&match, 1));
}

std::size_t regex::next_character(std::string_view text, std::size_t position) noexcept {
  do
    ++position;
  while (position < text.size() && continues_utf8(text[position]));
  return position;
}

} // namespace weir::editing
