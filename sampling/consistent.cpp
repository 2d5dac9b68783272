#include "sampling/consistent.hpp"

#include "sampling/trace_state.hpp"

#include <algorithm>
#include <cmath>

namespace weir::sampling {

namespace {

constexpr int digits = 14;
constexpr int precision = 4;
constexpr std::string_view hex = "0123456789abcdef";
constexpr std::size_t max_ot_bytes = 256;

/// Digits that a probability needs so that four of them are significant, for itself and for its
/// complement: leading f's and zeros of the threshold come on top.
int digits_for(double probability) {
  int kept = 0;
  int rejected = 0;
  std::frexp(probability, &kept);
  std::frexp(1 - probability, &rejected);
  return std::min(digits, std::max(precision - kept / 4, precision - rejected / 4));
}

std::optional<std::uint64_t> from_hex(std::string_view text) {
  std::uint64_t value = 0;
  for (const char c : text) {
    const auto digit = hex.find(c);
    if (digit == std::string_view::npos)
      return std::nullopt;
    value = value << 4 | digit;
  }
  return value;
}

/// Calls `on_key(key, value)` for each sub key ("th:c;rv:6e6d1a75832a2f").
template <class OnKey>
void for_each_sub_key(std::string_view ot, OnKey&& on_key) {
  while (!ot.empty()) {
    const auto end = std::min(ot.find(';'), ot.size());
    const auto part = ot.substr(0, end);
    ot.remove_prefix(std::min(end + 1, ot.size()));
    if (const auto colon = part.find(':'); colon != std::string_view::npos)
      on_key(part.substr(0, colon), part.substr(colon + 1));
  }
}

/// The value of the ot member: `th` first, then what else stood there.
std::string ot_value(std::string_view before, std::optional<std::uint64_t> threshold) {
  std::string value;
  if (threshold)
    value = "th:" + threshold_text(*threshold);
  for_each_sub_key(before, [&](std::string_view key, std::string_view rest) {
    if (key == "th" || value.size() + key.size() + rest.size() + 2 > max_ot_bytes)
      return;
    value.append(value.empty() ? "" : ";").append(key).append(":").append(rest);
  });
  return value;
}

} // namespace

std::uint64_t threshold_of(double sampling_rate) noexcept {
  if (!(sampling_rate > 1))
    return 0;
  constexpr auto all = static_cast<double>(all_randomness);
  const auto probability = std::max(1 / sampling_rate, 1 / all);
  const auto exact = all_randomness - static_cast<std::uint64_t>(std::round(probability * all));
  const auto cut = 4 * (digits - digits_for(probability));
  if (cut == 0)
    return exact;
  const std::uint64_t rounded = (exact + (1ULL << (cut - 1))) >> cut << cut;
  return std::min(rounded, all_randomness - 1);
}

double rate_of(std::uint64_t threshold) noexcept {
  return static_cast<double>(all_randomness) / static_cast<double>(all_randomness - threshold);
}

std::uint64_t randomness_of(const trace_id& id) noexcept {
  std::uint64_t value = 0;
  for (const char byte : id.view().substr(9))
    value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

std::string threshold_text(std::uint64_t threshold) {
  std::string text;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4)
    text.push_back(hex[threshold >> shift & 15]);
  text.erase(std::max<std::size_t>(text.find_last_not_of('0') + 1, 1));
  return text;
}

sampling_state read_sampling_state(std::string_view trace_state) noexcept {
  sampling_state state;
  const auto ot = trace_state_value(trace_state, "ot");
  if (!ot)
    return state;
  for_each_sub_key(*ot, [&](std::string_view key, std::string_view value) {
    if (key == "th" && !value.empty() && value.size() <= digits) {
      if (const auto read = from_hex(value))
        state.threshold = *read << 4 * (digits - static_cast<int>(value.size()));
    } else if (key == "rv" && value.size() == digits) {
      state.randomness = from_hex(value);
    }
  });
  return state;
}

std::string with_threshold(std::string_view trace_state, std::optional<std::uint64_t> threshold) {
  const auto list = read_trace_state(trace_state);
  if (!list)
    return std::string(trace_state);
  const auto* ot = list->find("ot");
  if (ot == nullptr && !threshold)
    return std::string(trace_state);
  const auto value = ot_value(ot == nullptr ? std::string_view() : ot->value, threshold);
  std::string text = value.empty() ? "" : "ot=" + value;
  std::size_t members = text.empty() ? 0 : 1;
  for (const auto& member : list->members()) {
    if (member.key == "ot" || members == max_trace_state_members)
      continue;
    text.append(text.empty() ? "" : ",").append(member.key).append("=").append(member.value);
    ++members;
  }
  return text;
}

} // namespace weir::sampling
