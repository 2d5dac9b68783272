#pragma once

#include "ottl/program.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::ottl {

/// Which texts and numbers mean which level, as ParseSeverity has it: {"error": [{"equals":
/// ["err"]}, {"range": {"min": 3, "max": 4}}, {"range": "5xx"}], ...}.
class severity_map {
public:
  /// Reads a map literal: an error's text, or "".
  std::string read(const program& code, const expression& map);

  /// The first level that has the text or number; null where none has.
  const std::string* find(const value& v) const noexcept;

private:
  struct numbers {
    std::int64_t min = 0;
    std::int64_t max = -1;
  };
  struct level {
    std::string name;
    std::vector<std::string> texts;
    std::vector<numbers> ranges;
  };

  static std::string read_criterion(const program& code, const expression& map, level& level);
  static std::string read_texts(const program& code, const expression& list, level& level);
  static std::string read_range(const program& code, const expression& range, level& level);

  std::vector<level> levels_;
};

} // namespace weir::ottl
