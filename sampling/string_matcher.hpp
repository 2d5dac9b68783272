#pragma once

#include "core/error.hpp"
#include "editing/regex.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace weir::sampling {

/// Lets unordered containers of strings be asked with views.
struct string_hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

/// Whether a string is one of a list, or matches one of a list of regular expressions. Copies are
/// independent. One thread at a time: results of expressions are remembered.
class string_matcher {
public:
  /// Empty values never match. Source: the Collector's string_attribute policy.
  static string_matcher of_values(const std::vector<std::string>& values);
  static result<string_matcher> of_regexes(const std::vector<std::string>& patterns);

  bool matches(std::string_view text);

private:
  bool any_regex_matches(std::string_view text) const;
  bool look_up(std::string_view text);

  static constexpr std::size_t max_remembered = 1024;
  static constexpr std::size_t max_remembered_length = 256;

  std::unordered_set<std::string, string_hash, std::equal_to<>> values_;
  std::vector<editing::regex> regexes_;
  std::unordered_map<std::string, bool, string_hash, std::equal_to<>> remembered_;
};

} // namespace weir::sampling
