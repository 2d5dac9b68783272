#include "ottl/severity_map.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::ottl {

namespace {

const expression& part(const program& code, const expression& e, std::size_t i) {
  return code.expressions[code.parts[e.parts.first + i]];
}

/// The value under a key of a map literal, or null.
const expression* member(const program& code, const expression& map, std::string_view key) {
  const auto found = std::find(map.names.begin(), map.names.end(), key);
  if (found == map.names.end())
    return nullptr;
  return &part(code, map, static_cast<std::size_t>(found - map.names.begin()));
}

bool is_literal(const expression* e, value_type type) {
  return e != nullptr && e->form == expression::kind::literal && e->literal.is(type);
}

} // namespace

std::string severity_map::read(const program& code, const expression& map) {
  if (map.form != expression::kind::map)
    return "found another mapping, expected a map literal";
  for (std::size_t i = 0; i < map.names.size(); ++i) {
    const auto& criteria = part(code, map, i);
    if (criteria.form != expression::kind::list)
      return "found another value of a level, expected a list";
    level made;
    made.name = map.names[i];
    for (std::size_t n = 0; n < criteria.parts.count; ++n)
      if (auto wrong = read_criterion(code, part(code, criteria, n), made); !wrong.empty())
        return wrong;
    levels_.push_back(std::move(made));
  }
  return {};
}

std::string severity_map::read_criterion(const program& code, const expression& map, level& level) {
  if (map.form != expression::kind::map)
    return "found another criterion of a level, expected a map";
  std::string wrong;
  if (const auto* texts = member(code, map, "equals"))
    wrong = read_texts(code, *texts, level);
  if (const auto* range = member(code, map, "range"); range != nullptr && wrong.empty())
    wrong = read_range(code, *range, level);
  return wrong;
}

std::string severity_map::read_texts(const program& code, const expression& list, level& level) {
  if (list.form != expression::kind::list)
    return "found another `equals`, expected a list";
  for (std::size_t i = 0; i < list.parts.count; ++i) {
    const auto& text = part(code, list, i);
    if (!is_literal(&text, value_type::string))
      return "found another value in `equals`, expected a string";
    level.texts.emplace_back(text.literal.bytes);
  }
  return {};
}

std::string severity_map::read_range(const program& code, const expression& range, level& level) {
  if (is_literal(&range, value_type::string)) {
    const auto name = range.literal.bytes;
    if (name.size() != 3 || name[0] < '2' || name[0] > '5' || !name.ends_with("xx"))
      return fmt::format("found the range `{}`, expected `2xx`, `3xx`, `4xx` or `5xx`", name);
    const auto hundred = std::int64_t{name[0] - '0'} * 100;
    level.ranges.push_back({hundred, hundred + 99});
    return {};
  }
  if (range.form != expression::kind::map)
    return "found another `range`, expected a map or a string";
  const auto* min = member(code, range, "min");
  const auto* max = member(code, range, "max");
  if (!is_literal(min, value_type::integer) || !is_literal(max, value_type::integer))
    return "found another `range`, expected whole numbers `min` and `max`";
  level.ranges.push_back({min->literal.integer, max->literal.integer});
  return {};
}

const std::string* severity_map::find(const value& v) const noexcept {
  const auto has = [&](const level& l) {
    if (v.is(value_type::string))
      return std::find(l.texts.begin(), l.texts.end(), v.bytes) != l.texts.end();
    return std::any_of(l.ranges.begin(), l.ranges.end(),
                       [&](const numbers& n) { return v.integer >= n.min && v.integer <= n.max; });
  };
  const auto found = std::find_if(levels_.begin(), levels_.end(), has);
  return found == levels_.end() ? nullptr : &found->name;
}

} // namespace weir::ottl
