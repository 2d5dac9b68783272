#include "sampling/string_matcher.hpp"

#include "editing/work.hpp"
#include "sampling/unfinished.hpp"

#include <algorithm>

namespace weir::sampling {

string_matcher string_matcher::of_values(const std::vector<std::string>& values) {
  string_matcher result;
  for (const auto& value : values) {
    if (!value.empty())
      result.values_.insert(value);
  }
  return result;
}

result<string_matcher> string_matcher::of_regexes(const std::vector<std::string>& patterns) {
  string_matcher matcher;
  for (const auto& pattern : patterns) {
    auto compiled = editing::regex::compile(pattern);
    if (!compiled)
      return tl::unexpected(compiled.error());
    matcher.regexes_.push_back(std::move(*compiled));
  }
  return matcher;
}

bool string_matcher::any_regex_matches(std::string_view text) const {
  return std::any_of(regexes_.begin(), regexes_.end(),
                     [text](const auto& regex) { return regex.matches(text); });
}

bool string_matcher::matches(std::string_view text) {
  if (regexes_.empty())
    return values_.contains(text);
  try {
    return look_up(text);
  } catch (const editing::work_ended&) {
    note_unfinished("a pattern of string_attribute or trace_state");
    return false; // not remembered
  }
}

bool string_matcher::look_up(std::string_view text) {
  if (text.size() > max_remembered_length)
    return any_regex_matches(text);
  if (const auto found = remembered_.find(text); found != remembered_.end())
    return found->second;
  // Starting over is as good as any order of eviction: a key with more values than this is not
  // cached well by any.
  if (remembered_.size() >= max_remembered)
    remembered_.clear();
  const bool matched = any_regex_matches(text);
  remembered_.emplace(std::string(text), matched);
  return matched;
}

} // namespace weir::sampling
