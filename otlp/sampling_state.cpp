#include "otlp/sampling_state.hpp"

#include "otlp/trace_state.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace weir::otlp {

namespace {

bool is_lower(char c) noexcept {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
template <class Predicate>
bool all(std::string_view text, Predicate&& holds) noexcept {
  return std::all_of(text.begin(), text.end(), holds);
}

bool is_ot_member(std::string_view member) noexcept {
  const auto colon = member.find(':');
  if (colon == member.npos || colon == 0)
    return false;
  const auto key = member.substr(0, colon);
  return is_lower(key[0]) && all(key, [](char c) { return is_lower(c) || is_digit(c); })
         && all(member.substr(colon + 1), [](char c) {
              return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || c == '.' || c == '_'
                     || c == '-';
            });
}

std::optional<std::uint64_t> read_hex(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

} // namespace

std::optional<std::uint64_t> threshold_of(double probability, int digits) noexcept {
  constexpr auto range = static_cast<double>(randomness_range);
  if (!(probability >= 1 / range && probability <= 1))
    return std::nullopt;
  if (probability == 1)
    return always_sample;
  // A leading hexadecimal 0 or f says little: a digit more for each.
  int near_zero = 0;
  int near_one = 0;
  (void)std::frexp(probability, &near_zero);
  (void)std::frexp(1 - probability, &near_one);
  if (digits == 0)
    digits = max_hex_digits;
  digits = std::min(max_hex_digits, std::max(digits + near_zero / -4, digits + near_one / -4));
  auto threshold = randomness_range - static_cast<std::uint64_t>(std::round(probability * range));
  if (const int shift = 4 * (max_hex_digits - digits); shift != 0) {
    threshold += std::uint64_t{1} << (shift - 1);
    threshold = threshold >> shift << shift;
  }
  return threshold;
}

std::optional<std::uint64_t> read_threshold(std::string_view text) noexcept {
  if (text.empty() || text.size() > max_hex_digits)
    return std::nullopt;
  const auto value = read_hex(text);
  if (!value)
    return std::nullopt;
  return *value << 4 * (max_hex_digits - text.size());
}

std::optional<std::uint64_t> read_randomness(std::string_view text) noexcept {
  return text.size() == max_hex_digits ? read_hex(text) : std::nullopt;
}

void append_randomness(std::string& out, std::uint64_t randomness) {
  for (int shift = 4 * (max_hex_digits - 1); shift >= 0; shift -= 4)
    out += "0123456789abcdef"[randomness >> shift & 15];
}

void append_threshold(std::string& out, std::uint64_t threshold) {
  if (threshold == never_sample)
    return;
  append_randomness(out, threshold);
  const auto first = out.size() - max_hex_digits;
  while (out.size() > first + 1 && out.back() == '0')
    out.pop_back();
}

std::uint64_t randomness_of(std::string_view trace_id) noexcept {
  std::uint64_t value = 0;
  for (const char c : trace_id.substr(9))
    value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

bool sampling_state::read(std::string_view text) noexcept {
  *this = {};
  if (text.size() > max_bytes)
    return false;
  // All of it is looked at before any of it counts.
  for (auto rest = text; !rest.empty();) {
    const auto member = trim_trace_state(cut_at(rest, ','));
    if (const auto equals = member.find('=');
        !member.empty()
        && (equals == member.npos || !is_trace_state_key(member.substr(0, equals))
            || !is_trace_state_value(member.substr(equals + 1))))
      return false;
  }
  bool good = true;
  std::size_t members = 0;
  while (!text.empty()) {
    if (++members > max_members)
      return false;
    if (const auto member = trim_trace_state(cut_at(text, ',')); !member.empty())
      good &= read_member(member);
  }
  return good;
}

bool sampling_state::read_member(std::string_view member) noexcept {
  if (member.starts_with("ot="))
    return read_ot(member.substr(3));
  members_[member_count_++] = member;
  return true;
}

bool sampling_state::read_ot(std::string_view text) noexcept {
  threshold.reset();
  randomness.reset();
  threshold_text_ = randomness_text_ = {};
  ot_count_ = 0;
  if (text.size() > max_ot_bytes || text.ends_with(';'))
    return false;
  for (auto rest = text; !rest.empty();)
    if (!is_ot_member(cut_at(rest, ';')))
      return false;
  bool good = true;
  while (!text.empty()) {
    const auto member = cut_at(text, ';');
    if (member.starts_with("th:")) {
      threshold_text_ = member.substr(3);
      threshold = read_threshold(threshold_text_);
      good &= threshold.has_value();
    } else if (member.starts_with("rv:")) {
      randomness_text_ = member.substr(3);
      randomness = read_randomness(randomness_text_);
      good &= randomness.has_value();
    } else {
      ot_members_[ot_count_++] = member;
    }
  }
  return good;
}

void sampling_state::write(std::string& out) const {
  const auto begin = out.size();
  std::string_view lead = "ot=";
  const auto ot_part = [&] {
    if (lead.empty())
      out += ';';
    out += lead;
    lead = {};
  };
  if (randomness) {
    ot_part();
    out += "rv:";
    if (randomness_text_.empty())
      append_randomness(out, *randomness);
    else
      out += randomness_text_;
  }
  if (threshold && *threshold != never_sample) {
    ot_part();
    out += "th:";
    if (threshold_text_.empty())
      append_threshold(out, *threshold);
    else
      out += threshold_text_;
  }
  for (std::size_t i = 0; i < ot_count_; ++i) {
    ot_part();
    out += ot_members_[i];
  }
  for (std::size_t i = 0; i < member_count_; ++i) {
    if (out.size() > begin)
      out += ',';
    out += members_[i];
  }
}

} // namespace weir::otlp
