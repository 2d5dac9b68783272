#include "ottl/grok_expansion.hpp"

#include "ottl/grok.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::ottl {

namespace {

using definition_map = std::unordered_map<std::string_view, std::string_view>;

const definition_map& known_patterns() {
  static const definition_map known{
#include "ottl/data/grok_patterns.inc"
  };
  return known;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// `%{NAME:key:type}`
struct reference {
  std::string_view name;
  std::string_view key;  ///< Or "".
  std::string_view type; ///< Or "".
};

/// Reads what stands between the braces; false: it is no reference, and stands for itself.
bool read_reference(std::string_view text, reference& out) {
  const auto take = [&](std::string_view others) {
    const auto* end = std::find_if_not(text.begin(), text.end(), [&](char c) {
      return is_word(c) || others.find(c) != others.npos;
    });
    const auto taken = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    text.remove_prefix(taken.size());
    return taken;
  };
  const auto take_colon = [&] {
    const bool there = text.starts_with(':');
    text.remove_prefix(there ? 1 : 0);
    return there;
  };
  out.name = take("");
  if (take_colon() && (out.key = take("+.")).empty())
    return false;
  if (!out.key.empty() && take_colon() && (out.type = take("")).empty())
    return false;
  return !out.name.empty() && text.empty();
}

std::string group_name(std::string_view key) {
  std::string name;
  for (const char c : key)
    name += c == '.' ? std::string(grok_dot) : std::string(1, c);
  return name;
}

/// Puts the expressions in place of the references. The first error is kept.
class expander {
public:
  expander(bool named_only, definition_map own) : named_only_(named_only), own_(std::move(own)) {}

  result<grok_expansion> expand(std::string_view pattern) {
    append(pattern, 0);
    if (!error_.empty())
      return fail(errc::invalid_argument, error_);
    return std::move(made_);
  }

private:
  void append(std::string_view pattern, int depth) {
    auto& expression = made_.expression;
    if (depth > grok::max_depth)
      error_ = "found grok patterns that hold each other";
    else if (expression.size() + pattern.size() > 4 * regex::max_pattern_bytes)
      error_ = "found a grok pattern that stands for too long an expression";
    while (error_.empty()) {
      const auto begin = pattern.find("%{");
      const auto end = begin == pattern.npos ? begin : pattern.find('}', begin);
      if (end == pattern.npos)
        break;
      reference found;
      if (read_reference(pattern.substr(begin + 2, end - begin - 2), found)) {
        expression.append(pattern.substr(0, begin));
        append(found, depth);
        pattern.remove_prefix(end + 1);
      } else {
        expression.append(pattern.substr(0, begin + 2));
        pattern.remove_prefix(begin + 2);
      }
    }
    expression.append(pattern);
  }

  void append(const reference& reference, int depth) {
    const auto name = group_name(reference.key.empty() ? reference.name : reference.key);
    if (!reference.type.empty())
      made_.types[name] = reference.type;
    const bool is_group = !named_only_ || !reference.key.empty();
    made_.expression += is_group ? "(?P<" + name + ">" : "(?:";
    append(definition_of(reference.name), depth + 1);
    made_.expression += ')';
  }

  std::string_view definition_of(std::string_view name) {
    if (const auto found = own_.find(name); found != own_.end())
      return found->second;
    const auto found = known_patterns().find(name);
    if (found != known_patterns().end())
      return found->second;
    error_ = fmt::format("found the unknown grok pattern `{}`", name);
    return {};
  }

  bool named_only_;
  definition_map own_;
  grok_expansion made_;
  std::string error_;
};

/// The same with groups that have no name as such that nobody asks for, of which an expression may
/// have any number; and `(?<name>` as RE2 writes it.
std::string with_named_groups_alone(std::string_view expression) {
  std::string made;
  bool in_class = false;
  for (std::size_t i = 0; i < expression.size(); ++i) {
    const char c = expression[i];
    made += c;
    const auto rest = expression.substr(i + 1);
    if (c == '\\' && !rest.empty()) {
      made += expression[++i];
    } else if (in_class) {
      in_class = c != ']';
      if (c == '[' && rest.starts_with(':')) // [:alpha:]
        for (const auto end = i + rest.find(']') + 1; i < end && end < expression.size();)
          made += expression[++i];
    } else if (c == '[') {
      in_class = true;
      // A bracket in the first place closes nothing.
      for (const std::string_view first : {"^", "]"})
        if (expression.substr(i + 1).starts_with(first))
          made += expression[++i];
    } else if (c == '(' && !rest.starts_with('?')) {
      made += "?:";
    } else if (c == '(' && rest.starts_with("?<")) {
      made += "?P";
      ++i;
    }
  }
  return made;
}

} // namespace

result<grok_expansion> expand_grok(std::string_view pattern, bool named_only,
                                   const std::vector<std::string_view>& definitions) {
  definition_map own;
  for (const auto definition : definitions) {
    const auto name = definition.substr(0, definition.find('='));
    if (name.size() == definition.size() || name.find(':') != name.npos)
      return fail(errc::invalid_argument,
                  fmt::format("found the definition `{}`, expected NAME=expression", definition));
    own.insert_or_assign(name, definition.substr(name.size() + 1));
  }
  auto made = expander(named_only, std::move(own)).expand(pattern);
  if (made)
    made->expression = with_named_groups_alone(made->expression);
  return made;
}

} // namespace weir::ottl
