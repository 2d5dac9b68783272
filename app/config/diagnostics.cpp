#include "app/config/diagnostics.hpp"

#include "core/quote.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <numeric>

namespace weir::app {

namespace {

/// Letters to add, drop, change or swap with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last = last;
    std::swap(last, row);
  }
  return last.back();
}

void sort_unique(std::vector<diagnostic>& list) {
  std::stable_sort(list.begin(), list.end(),
                   [](const auto& a, const auto& b) { return a.position < b.position; });
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

} // namespace

void diagnostics::error(place position, std::string path, std::string message) {
  errors.push_back({position, std::move(path), std::move(message)});
}

void diagnostics::warn(place position, std::string path, std::string message) {
  warnings.push_back({position, std::move(path), std::move(message)});
}

void diagnostics::sort() {
  sort_unique(errors);
  sort_unique(warnings);
}

std::string to_text(const diagnostic& d, std::string_view file) {
  std::string text(file);
  if (d.position.line > 0)
    text += fmt::format(":{}:{}", d.position.line, d.position.column);
  text += ": ";
  if (!d.path.empty())
    text += d.path + ": ";
  return text + d.message;
}

std::string to_text(const diagnostic& d, std::span<const std::string> sources) {
  return to_text(d,
                 d.position.source < sources.size() ? sources[d.position.source] : std::string());
}

std::string_view nearest(std::string_view name, std::span<const std::string_view> known) {
  constexpr std::size_t longest = 64; // no option is longer, and the work stays bounded
  if (name.size() > longest)
    return {};
  std::string_view best;
  auto best_distance = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const auto candidate : known) {
    const auto distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view name, std::span<const std::string_view> known) {
  const auto best = nearest(name, known);
  return best.empty() ? std::string{} : fmt::format(" (did you mean `{}`?)", best);
}

bool same_word(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::string any_of(std::span<const std::string_view> names) {
  std::vector<std::string_view> shown(names.begin(), names.end());
  std::erase(shown, std::string_view{}); // "" stands for the default
  std::string text;
  for (std::size_t i = 0; i < shown.size(); ++i) {
    if (i > 0)
      text += i + 1 == shown.size() ? " or " : ", ";
    text += fmt::format("`{}`", shown[i]);
  }
  return text;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 60;
  const auto safe = without_secrets(text);
  std::string shown = "`";
  for (const char c : std::string_view(safe).substr(0, longest))
    shown += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  if (safe.size() > longest)
    shown += "...";
  return shown + "`";
}

} // namespace weir::app
