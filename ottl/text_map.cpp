#include "ottl/text_map.hpp"

#include "editing/work.hpp"

#include <algorithm>
#include <array>

namespace weir::ottl {

namespace {

constexpr std::array<std::string_view, 25> spaces{
    " ",      "\t",     "\n",     "\v",     "\f",     "\r",     "\u0085", "\u00a0", "\u1680",
    "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008",
    "\u2009", "\u200a", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};

} // namespace

std::string_view trim_space(std::string_view text) noexcept {
  const auto at_begin = [&](std::string_view space) { return text.starts_with(space); };
  const auto at_end = [&](std::string_view space) { return text.ends_with(space); };
  for (const auto* s = spaces.begin();
       (s = std::find_if(spaces.begin(), spaces.end(), at_begin)) != spaces.end();)
    text.remove_prefix(s->size());
  for (const auto* s = spaces.begin();
       (s = std::find_if(spaces.begin(), spaces.end(), at_end)) != spaces.end();)
    text.remove_suffix(s->size());
  return text;
}

void text_map::put(std::string_view key, std::string_view text) {
  work().spend(100 + key.size() + text.size());
  const auto [place, is_new] = places_.try_emplace(std::string(key), pairs_.size());
  if (is_new)
    pairs_.emplace_back(key, text);
  else
    pairs_[place->second].second = text;
}

bool text_map::finish(evaluation& e, value& out) const {
  text_builder map(e.in().memory);
  for (const auto& [key, text] : pairs_)
    append_pair(map, key, value::of_string(text));
  return e.finish(map, value_type::map, out);
}

} // namespace weir::ottl
