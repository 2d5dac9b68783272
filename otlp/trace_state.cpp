#include "otlp/trace_state.hpp"

#include <algorithm>

namespace weir::otlp {

namespace {

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

} // namespace

bool is_trace_state_key(std::string_view key) noexcept {
  const auto found = key.find('@');
  if (found == std::string_view::npos)
    return is_key_part(key, 256, false);
  return is_key_part(key.substr(0, found), 241, true)
         && is_key_part(key.substr(found + 1), 14, false);
}

bool is_trace_state_value(std::string_view value) noexcept {
  if (value.empty() || value.size() > 256 || value.back() == ' ')
    return false;
  return std::all_of(value.begin(), value.end(),
                     [](char c) { return c >= 0x20 && c <= 0x7e && c != ',' && c != '='; });
}

std::string_view trim_trace_state(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

std::string_view cut_at(std::string_view& text, char separator) noexcept {
  const auto end = text.find(separator);
  const auto part = text.substr(0, end);
  text = end == text.npos ? std::string_view{} : text.substr(end + 1);
  return part;
}

const trace_state_member* trace_state_list::find(std::string_view key) const noexcept {
  for (const auto& member : members())
    if (member.key == key)
      return &member;
  return nullptr;
}

std::optional<trace_state_list> read_trace_state(std::string_view text) noexcept {
  trace_state_list list;
  while (!text.empty()) {
    const auto member = cut_at(text, ',');
    if (member.empty())
      continue;
    const auto trimmed = trim_trace_state(member);
    const auto equals = trimmed.find('=');
    if (equals == std::string_view::npos || list.count_ == max_trace_state_members)
      return std::nullopt;
    const auto key = trimmed.substr(0, equals);
    const auto value = trimmed.substr(equals + 1);
    if (!is_trace_state_key(key) || !is_trace_state_value(value) || list.find(key) != nullptr)
      return std::nullopt;
    list.members_[list.count_++] = {key, value};
  }
  return list;
}

std::optional<std::string_view> trace_state_value(std::string_view text,
                                                  std::string_view key) noexcept {
  if (text.empty())
    return std::nullopt;
  const auto list = read_trace_state(text);
  const auto* member = list ? list->find(key) : nullptr;
  return member == nullptr ? std::nullopt : std::optional(member->value);
}

} // namespace weir::otlp
