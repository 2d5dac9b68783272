#include "sampling/trace_state.hpp"

#include <algorithm>
#include <array>

namespace weir::sampling {

namespace {

constexpr std::size_t max_members = 32;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_key_character(char c) {
  return is_lower(c) || is_digit(c) || c == '_' || c == '-' || c == '*' || c == '/';
}

bool is_key_part(std::string_view part, std::size_t max_length, bool digit_first) {
  if (part.empty() || part.size() > max_length)
    return false;
  if (!is_lower(part.front()) && !(digit_first && is_digit(part.front())))
    return false;
  return std::all_of(part.begin() + 1, part.end(), is_key_character);
}

bool is_key(std::string_view key) {
  const auto at = key.find('@');
  if (at == std::string_view::npos)
    return is_key_part(key, 256, false);
  return is_key_part(key.substr(0, at), 241, true) && is_key_part(key.substr(at + 1), 14, false);
}

bool is_value(std::string_view value) {
  if (value.empty() || value.size() > 256 || value.back() == ' ')
    return false;
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; });
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

} // namespace

std::optional<std::string_view> trace_state_value(std::string_view trace_state,
                                                  std::string_view key) noexcept {
  std::optional<std::string_view> found;
  std::array<std::string_view, max_members> keys;
  std::size_t members = 0;
  while (!trace_state.empty()) {
    const auto comma = std::min(trace_state.find(','), trace_state.size());
    const auto member = trace_state.substr(0, comma);
    trace_state.remove_prefix(std::min(comma + 1, trace_state.size()));
    if (member.empty())
      continue;
    const auto trimmed = trim(member);
    const auto equals = trimmed.find('=');
    if (equals == std::string_view::npos || members == max_members)
      return std::nullopt;
    const auto name = trimmed.substr(0, equals);
    const auto value = trimmed.substr(equals + 1);
    const auto last = keys.begin() + static_cast<std::ptrdiff_t>(members);
    if (!is_key(name) || !is_value(value) || std::find(keys.begin(), last, name) != last)
      return std::nullopt;
    keys[members++] = name;
    if (name == key)
      found = value;
  }
  return found;
}

} // namespace weir::sampling
