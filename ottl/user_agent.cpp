#include "ottl/user_agent.hpp"

#include "editing/work.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <re2/filtered_re2.h>
#include <re2/re2.h>
#include <re2/set.h>
#include <span>
#include <vector>

namespace weir::ottl {

namespace {

/// An expression, and what stands for the family and for up to four numbers of the version: `$1` is
/// a group.
struct row {
  std::string_view expression;
  std::array<std::string_view, 5> parts;
};

constexpr row browsers[] = {
#include "ottl/data/user_agents.inc"
};

constexpr row operating_systems[] = {
#include "ottl/data/operating_systems.inc"
};

constexpr std::size_t max_groups = 16;

/// Memory of one expression's automaton: there are hundreds.
constexpr std::int64_t max_program_bytes = 256 << 10;

using groups = std::array<re2::StringPiece, max_groups>;

std::string expanded(std::string_view part, const groups& found) {
  std::string made;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const bool is_group =
        part[i] == '$' && i + 1 < part.size() && part[i + 1] >= '0' && part[i + 1] <= '9';
    if (!is_group)
      made += part[i];
    else if (const auto& group = found[static_cast<std::size_t>(part[++i] - '0')]; !group.empty())
      made.append(group.data(), group.size());
  }
  return made;
}

/// Expressions of which the first that matches is looked for. What a text has to hold for each is
/// known, so that most are not tried.
class expression_list {
public:
  explicit expression_list(std::span<const row> rows) : rows_(rows), expressions_(min_atom_bytes) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(max_program_bytes);
    for (const auto& r : rows) {
      int number = 0;
      expressions_.Add({r.expression.data(), r.expression.size()}, options, &number);
    }
    expressions_.Compile(&atoms_);
  }

  user_agent_part find(std::string_view text) const {
    if (text.size() <= max_user_agent_bytes)
      for (const auto number : candidates(text))
        if (auto made = match(number, text); !made.family.empty())
          return made;
    return {"Other", ""};
  }

private:
  static constexpr int min_atom_bytes = 3;

  std::vector<int> candidates(std::string_view text) const {
    std::string lower(text);
    for (auto& c : lower)
      c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    editing::work().spend(atoms_.size() * (20 + text.size() / 8));
    std::vector<int> found;
    for (std::size_t i = 0; i < atoms_.size(); ++i)
      if (lower.find(atoms_[i]) != lower.npos)
        found.push_back(static_cast<int>(i));
    std::vector<int> numbers;
    expressions_.AllPotentials(found, &numbers);
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  user_agent_part match(int number, std::string_view text) const {
    const auto& r = rows_[static_cast<std::size_t>(number)];
    const auto& expression = expressions_.GetRE2(number);
    groups found;
    const auto count = std::min<int>(expression.NumberOfCapturingGroups() + 1, max_groups);
    editing::work().spend(100 + 20 * text.size());
    if (!expression.Match({text.data(), text.size()}, 0, text.size(), RE2::UNANCHORED, found.data(),
                          count))
      return {};
    user_agent_part made{expanded(r.parts[0], found), expanded(r.parts[1], found)};
    for (const auto part : std::span(r.parts).subspan(2))
      if (const auto number_text = expanded(part, found); !number_text.empty())
        made.version += "." + number_text;
    return made;
  }

  std::span<const row> rows_;
  re2::FilteredRE2 expressions_;
  std::vector<std::string> atoms_;
};

} // namespace

user_agent_part find_browser(std::string_view header) {
  static const expression_list all(browsers);
  return all.find(header);
}

user_agent_part find_operating_system(std::string_view header) {
  static const expression_list all(operating_systems);
  return all.find(header);
}

} // namespace weir::ottl
