#include "app/admin/text_table.hpp"

#include "core/quote.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <numeric>

namespace weir::app {

namespace {

constexpr std::size_t gap = 2; // between columns
constexpr std::size_t narrowest = 6;

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
}

} // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string cut_to(std::string_view text, std::size_t width) {
  if (width_of(text) <= width)
    return std::string(text);
  std::size_t characters = 0, end = 0;
  for (; end < text.size(); ++end)
    if (begins_character(text[end]) && ++characters == std::max<std::size_t>(width, 1))
      break;
  return std::string(text.substr(0, end)) + "…";
}

void text_table::add(std::vector<std::string> cells) {
  for (auto& cell : cells)
    cell = without_controls(cell);
  rows_.push_back(std::move(cells));
}

std::vector<std::size_t> text_table::widths(std::size_t room) const {
  std::vector<std::size_t> all(columns_.size());
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    for (const auto& row : rows_)
      all[c] = std::max(all[c], width_of(row[c]));
    if (all[c] > 0)
      all[c] = std::max(all[c], columns_[c].title.size());
  }
  const auto whole = [&all] {
    const auto shown = static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](auto width) { return width > 0; }));
    return std::accumulate(all.begin(), all.end(), (shown > 0 ? shown - 1 : 0) * gap);
  };
  // The widest gives way first, so that short ones stay whole.
  while (whole() > room) {
    std::size_t widest = columns_.size();
    for (std::size_t c = 0; c < columns_.size(); ++c)
      if (columns_[c].shrinks && all[c] > narrowest
          && (widest == columns_.size() || all[c] > all[widest]))
        widest = c;
    if (widest == columns_.size())
      break;
    --all[widest];
  }
  return all;
}

std::string text_table::line(const std::vector<std::string>& cells,
                             const std::vector<std::size_t>& widths, std::size_t indent) const {
  std::string done(indent, ' ');
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (widths[c] == 0)
      continue;
    if (done.size() > indent)
      done.append(gap, ' ');
    const auto cell = cut_to(cells[c], widths[c]);
    const std::string room(widths[c] - std::min(widths[c], width_of(cell)), ' ');
    done += columns_[c].aligned == side::left ? cell + room : room + cell;
  }
  done.erase(done.find_last_not_of(' ') + 1);
  return done + "\n";
}

std::string text_table::text(std::size_t indent) const {
  const auto fitted = widths(screen_width - indent);
  std::vector<std::string> titles;
  for (const auto& column : columns_)
    titles.push_back(column.title);
  auto done = line(titles, fitted, indent);
  for (const auto& row : rows_)
    done += line(row, fitted, indent);
  return done;
}

std::string wrapped(std::string_view head, std::string_view text) {
  const auto shown = without_controls(text);
  auto rest = std::string_view(shown);
  const auto indent = width_of(head);
  std::string done(head);
  for (auto used = indent; !rest.empty();) {
    const auto end = std::min(rest.find(' '), rest.size());
    const auto word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (used > indent && used + 1 + width_of(word) > screen_width) {
      done += "\n" + std::string(indent, ' ');
      used = indent;
    } else if (used > indent) {
      done += ' ';
      ++used;
    }
    done += word;
    used += width_of(word);
  }
  return done + "\n";
}

std::string count_text(std::uint64_t count) {
  auto text = std::to_string(count);
  for (auto place = static_cast<std::ptrdiff_t>(text.size()) - 3; place > 0; place -= 3)
    text.insert(static_cast<std::size_t>(place), ",");
  return text;
}

std::string count_text(std::uint64_t count, std::string_view word) {
  const bool ends_in_y = word.ends_with('y');
  return fmt::format("{} {}{}", count_text(count),
                     count != 1 && ends_in_y ? word.substr(0, word.size() - 1) : word,
                     count == 1  ? ""
                     : ends_in_y ? "ies"
                                 : "s");
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> units{"KiB", "MiB", "GiB", "TiB", "PiB"};
  if (bytes < 1024)
    return fmt::format("{} B", bytes);
  auto amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; amount >= 1023.5 && unit + 1 < units.size(); ++unit)
    amount /= 1024;
  return amount < 99.5 ? fmt::format("{:.1f} {}", amount, units[unit])
                       : fmt::format("{:.0f} {}", amount, units[unit]);
}

std::string span_text(double seconds) {
  const auto time = std::abs(seconds);
  constexpr double minute = 60, hour = 60 * minute, day = 24 * hour;
  if (time < 0.0995)
    return fmt::format("{:.1f} ms", time * 1000);
  if (time < 0.9995)
    return fmt::format("{:.0f} ms", time * 1000);
  if (time < 9.95)
    return fmt::format("{:.1f} s", time);
  if (time < 2 * minute)
    return fmt::format("{:.0f} s", time);
  if (time < 2 * hour)
    return fmt::format("{:.0f} min", time / minute);
  if (time < 2 * day)
    return fmt::format("{:.1f} h", time / hour);
  return fmt::format("{:.1f} days", time / day);
}

std::string share_text(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

} // namespace weir::app
