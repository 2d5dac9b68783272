#include "processors/ottl/trace_state.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace weir::processors::ottl {

namespace {

constexpr std::size_t max_members = 32;
constexpr std::size_t max_length = 256;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

bool is_key_part(std::string_view part, bool digit_first) {
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !part.empty() && (is_lower(part[0]) || (digit_first && is_digit(part[0])))
         && std::all_of(part.begin(), part.end(), [&](char c) {
              return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
            });
}

bool is_key(std::string_view key) {
  const auto at = key.find('@');
  if (at == std::string_view::npos)
    return key.size() <= max_length && is_key_part(key, false);
  const auto tenant = key.substr(0, at);
  const auto system = key.substr(at + 1);
  return tenant.size() <= 241 && system.size() <= 14 && is_key_part(tenant, true)
         && is_key_part(system, false);
}

bool is_value(std::string_view value) {
  return !value.empty() && value.size() <= max_length && value.back() != ' '
         && std::all_of(value.begin(), value.end(),
                        [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; });
}

/// Calls `on_member(key, value)` for each; false where the text is no trace state: one that has a
/// key twice neither.
template <class F>
bool for_each_member(std::string_view state, F&& on_member) {
  std::array<std::string_view, max_members> keys;
  std::size_t members = 0;
  while (!state.empty()) {
    const auto comma = state.find(',');
    const auto whole = state.substr(0, comma);
    state = comma == std::string_view::npos ? std::string_view{} : state.substr(comma + 1);
    if (whole.empty())
      continue;
    const auto member = trimmed(whole);
    const auto equals = member.find('=');
    if (equals == std::string_view::npos || members == max_members)
      return false;
    const auto key = member.substr(0, equals);
    const auto value = member.substr(equals + 1);
    const auto seen = std::span(keys).first(members);
    if (!is_key(key) || !is_value(value) || std::find(seen.begin(), seen.end(), key) != seen.end())
      return false;
    keys[members++] = key;
    on_member(key, value);
  }
  return true;
}

} // namespace

std::optional<std::string_view> trace_state_member(std::string_view state, std::string_view key) {
  std::string_view found;
  if (!for_each_member(state, [&](std::string_view name, std::string_view value) {
        if (name == key)
          found = value;
      }))
    return std::nullopt;
  return found;
}

bool put_trace_state_member(std::string_view state, std::string_view key, std::string_view value,
                            text_builder& out) {
  std::size_t others = 0;
  const bool valid = for_each_member(
      state, [&](std::string_view name, std::string_view) { others += name == key ? 0 : 1; });
  if (!valid || !is_key(key) || !is_value(value))
    return false;
  out.append(key);
  out.append('=');
  out.append(value);
  // The last member goes where there would be too many.
  std::size_t kept = 0;
  for_each_member(state, [&](std::string_view name, std::string_view old) {
    if (name == key || ++kept >= max_members)
      return;
    out.append(',');
    out.append(name);
    out.append('=');
    out.append(old);
  });
  return true;
}

} // namespace weir::processors::ottl
