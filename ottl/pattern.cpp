#include "ottl/pattern.hpp"

#include "core/utf8.hpp"
#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>

namespace weir::ottl {

namespace {

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Length of the UTF-8 character at the beginning of `text`; 1 for a broken one.
std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && size < 4 && continues_utf8(text[size]))
    ++size;
  return size;
}

} // namespace

result<pattern> pattern::compile(std::string_view expression) {
  return regex::compile(expression).map([](auto&& compiled) {
    return pattern(std::move(compiled));
  });
}

bool pattern::has_names() const noexcept {
  const auto& names = regex_.group_names();
  return std::any_of(names.begin(), names.end(), [](const auto& name) { return !name.empty(); });
}

int pattern::group_named(std::string_view name) const noexcept {
  int number = -1;
  const auto* end = name.data() + name.size();
  if (const auto read = std::from_chars(name.data(), end, number);
      read.ec == std::errc{} && read.ptr == end)
    return number;
  const auto& names = regex_.group_names();
  const auto found = std::find(names.begin(), names.end(), name);
  return found == names.end() ? -1 : static_cast<int>(found - names.begin()) + 1;
}

void pattern::expand(std::string_view replacement, const groups& found, text_builder& out) const {
  while (!replacement.empty()) {
    const auto dollar = replacement.find('$');
    out.append(replacement.substr(0, dollar));
    if (dollar == std::string_view::npos)
      return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out.append('$');
      replacement.remove_prefix(1);
      continue;
    }
    const bool braces = replacement.starts_with('{');
    const auto begin = replacement.substr(braces ? 1 : 0);
    const auto* end = std::find_if_not(begin.begin(), begin.end(), is_word);
    const auto name = begin.substr(0, static_cast<std::size_t>(end - begin.begin()));
    if (name.empty() || (braces && (end == begin.end() || *end != '}'))) {
      out.append('$'); // not a reference: stands for itself
      continue;
    }
    if (const auto group = group_named(name); group >= 0 && group < found.count)
      out.append(found.first[group]);
    replacement = begin.substr(name.size() + (braces ? 1 : 0));
  }
}

bool pattern::replace(std::string_view text, text_builder& out,
                      const std::function<void(const groups&)>& on_match) const {
  std::array<std::string_view, regex::max_groups + 1> found;
  const auto count = regex_.group_names().size() + 1;
  regex_.expect_to_afford(text);
  std::size_t copied = 0;
  bool any = false;
  for (std::size_t position = 0; position <= text.size();) {
    if (!regex_.find(text, position, std::span(found).first(count)))
      break;
    const auto begin = static_cast<std::size_t>(found[0].data() - text.data());
    const auto end = begin + found[0].size();
    out.append(text.substr(copied, begin - copied));
    // An empty match right behind the last one does not count, as in Go.
    if (end > copied || begin == 0)
      on_match({found.data(), static_cast<int>(count)});
    any = true;
    copied = end;
    const auto step = position < text.size() ? character_size(text.substr(position)) : 1;
    position = std::max(position + step, end);
  }
  if (any)
    out.append(text.substr(copied));
  return any;
}

void pattern::extract(std::string_view text, text_builder& map) const {
  std::array<std::string_view, regex::max_groups + 1> found;
  const auto& names = regex_.group_names();
  regex_.expect_to_afford(text);
  if (!regex_.find(text, 0, std::span(found).first(names.size() + 1)))
    return;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (!names[i].empty())
      append_pair(map, names[i], value::of_string(found[i + 1]));
}

namespace {

/// The character as itself in an expression. Bytes of others than ASCII mean nothing there.
void append_quoted(std::string& expression, char c) {
  if (static_cast<unsigned char>(c) < 0x80 && !is_word(c))
    expression += '\\';
  expression += c;
}

} // namespace

result<pattern> compile_glob(std::string_view glob) {
  std::string expression = "^(?s:";
  int open = 0;
  for (std::size_t i = 0; i < glob.size(); ++i) {
    const char c = glob[i];
    if (c == '\\' && i + 1 < glob.size()) {
      append_quoted(expression, glob[++i]);
    } else if (c == '*') {
      expression += ".*";
    } else if (c == '?') {
      expression += '.';
    } else if (c == '[') {
      const auto close = glob.find(']', i + 1);
      if (close == std::string_view::npos)
        return fail(errc::invalid_argument, "found `[` without `]` in a pattern");
      expression += '[';
      auto inside = glob.substr(i + 1, close - i - 1);
      if (inside.starts_with('!')) {
        expression += '^';
        inside.remove_prefix(1);
      }
      expression.append(inside).append("]");
      i = close;
    } else if (c == '{') {
      ++open;
      expression += "(?:";
    } else if (c == '}' && open > 0) {
      --open;
      expression += ')';
    } else if (c == ',' && open > 0) {
      expression += '|';
    } else {
      append_quoted(expression, c);
    }
  }
  if (open != 0)
    return fail(errc::invalid_argument, "found `{` without `}` in a pattern");
  return pattern::compile(expression + ")$");
}

} // namespace weir::ottl
