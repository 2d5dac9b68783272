#include "app/config/expand.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>

namespace weir::app {

namespace {

constexpr int max_nesting = 16;                  // references inside references
constexpr std::size_t max_expanded = 256 * 1024; // bytes of one value
constexpr std::size_t max_in_all = 4 << 20;      // bytes of all values together

bool starts_name(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool in_name(char c) {
  return starts_name(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

bool is_name(std::string_view text) {
  if (text.empty() || !starts_name(text[0]))
    return false;
  for (const char c : text)
    if (!in_name(c))
      return false;
  return true;
}

/// Where the reference that begins at `open` ("${") ends: the index of its "}".
std::size_t closing_brace(std::string_view text, std::size_t open) {
  int depth = 0;
  for (auto i = open; i < text.size(); ++i) {
    if (text.substr(i, 2) == "${") {
      ++depth;
      ++i;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

class expander {
public:
  expander(const environment& env, diagnostics& out) : env_(env), out_(out) {}

  void walk(yaml_value& value, const std::string& path) {
    for (std::size_t i = 0; i < value.items.size(); ++i)
      walk(value.items[i], fmt::format("{}[{}]", path, i));
    for (auto& entry : value.entries)
      walk(entry.value, path.empty() ? entry.key : path + "." + entry.key);
    if (value.is_scalar() && value.text.find('$') != std::string::npos)
      scalar(value, path);
  }

private:
  void scalar(yaml_value& value, const std::string& path) {
    path_ = &path;
    where_ = value.where;
    failed_ = false;
    const auto whole =
        value.text.starts_with("${") && closing_brace(value.text, 0) == value.text.size() - 1;
    if (!whole) {
      value.text = text(value.text, 0);
      value.plain = false;
      return;
    }
    const auto inserted =
        reference(std::string_view(value.text).substr(2, value.text.size() - 3), 0);
    if (!failed_)
      substitute(value, inserted);
  }

  /// Puts what a whole-value reference stands for in its place, with the type that it has as YAML.
  void substitute(yaml_value& value, const std::optional<std::string>& inserted) {
    const auto where = value.where;
    const auto& text = inserted.value_or("");
    if (text.find_first_of("[{:-") != std::string::npos) {
      diagnostics ignored;
      auto parsed = parse_yaml(text, ignored);
      if (parsed && ignored.ok() && (parsed->is_list() || parsed->is_map())) {
        move_to(*parsed, where);
        value = std::move(*parsed);
        return;
      }
    }
    value = {.what = yaml_value::kind::scalar, .substituted = true, .where = where, .text = text};
    if (type_of(text) == scalar_type::null)
      value.what = yaml_value::kind::null;
    if (!inserted)
      value.substituted = false;
  }

  static void move_to(yaml_value& value, place where) {
    value.where = where;
    for (auto& item : value.items)
      move_to(item, where);
    for (auto& entry : value.entries) {
      entry.where = where;
      move_to(entry.value, where);
    }
  }

  void error(std::string message) {
    failed_ = true;
    out_.error(where_, *path_, std::move(message));
  }

  /// `in` with all its references replaced.
  std::string text(std::string_view in, int depth) {
    std::string done;
    for (std::size_t i = 0; i < in.size() && !failed_;) {
      if (in[i] != '$') {
        done += in[i++];
        continue;
      }
      auto dollars = in.find_first_not_of('$', i);
      dollars = (dollars == std::string_view::npos ? in.size() : dollars) - i;
      i += dollars;
      done.append(dollars / 2, '$');
      if (dollars % 2 == 1)
        i = dollar(in, i, done, depth);
      if (done.size() > max_expanded)
        error(fmt::format("the value is longer than {} bytes once expanded", max_expanded));
    }
    return done;
  }

  /// One active `$` that ended at `i`: appends what it stands for, returns where to go on.
  std::size_t dollar(std::string_view in, std::size_t i, std::string& done, int depth) {
    if (i >= in.size() || in[i] != '{') {
      done += '$';
      if (depth == 0 && i < in.size() && starts_name(in[i]))
        out_.warn(where_, *path_,
                  "`$NAME` without braces is not replaced: write `${env:NAME}`, or `$$` for a `$`");
      return i;
    }
    const auto end = closing_brace(in, i - 1);
    if (end == std::string_view::npos) {
      error("found `${` without its `}`");
      return in.size();
    }
    done += reference(in.substr(i + 1, end - i - 1), depth).value_or("");
    return end + 1;
  }

  /// The value of what stands between the braces; absent: not set, no default.
  std::optional<std::string> reference(std::string_view inside, int depth) {
    if (depth == max_nesting) {
      error(fmt::format("references stand in each other more than {} deep", max_nesting));
      return std::nullopt;
    }
    const auto split = inside.find(":-");
    const auto has_default = split != std::string_view::npos && inside.find("${") >= split;
    auto name = has_default ? std::string(inside.substr(0, split)) : text(inside, depth + 1);
    if (failed_ || !take_scheme(name))
      return std::nullopt;
    std::optional<std::string> fallback;
    if (const auto at = name.find(":-"); !has_default && at != std::string::npos) {
      fallback = name.substr(at + 2);
      name.resize(at);
    }
    if (!is_name(name)) {
      error(
          fmt::format("found {} as the name of an environment variable, expected a letter or `_`, "
                      "then letters, digits and `_`",
                      quoted(name)));
      return std::nullopt;
    }
    if (auto found = env_.variable(name))
      return nested(std::move(*found), depth);
    if (has_default)
      return text(inside.substr(split + 2), depth + 1);
    if (!fallback)
      out_.warn(
          where_, *path_,
          fmt::format("the environment variable `{}` is not set, so nothing stands here", name));
    return fallback;
  }

  /// A variable's value may hold references itself.
  std::optional<std::string> nested(std::string value, int depth) {
    total_ += value.size();
    if (total_ > max_in_all) {
      error(fmt::format("the environment puts more than {} bytes into the file", max_in_all));
      return std::nullopt;
    }
    return value.find("${") == std::string::npos ? value : text(value, depth + 1);
  }

  /// Takes "env:" off; other sources are errors.
  bool take_scheme(std::string& name) {
    const auto colon = name.find(':');
    if (colon == std::string::npos || name.compare(colon, 2, ":-") == 0)
      return true;
    const auto scheme = name.substr(0, colon);
    if (scheme == "env") {
      name.erase(0, colon + 1);
      return true;
    }
    error(fmt::format("found the source {}, expected `env`: other sources are not there yet",
                      quoted(scheme)));
    return false;
  }

  const environment& env_;
  diagnostics& out_;
  const std::string* path_ = nullptr;
  place where_;
  bool failed_ = false;
  std::size_t total_ = 0;
};

} // namespace

environment process_environment(bool check_files) {
  environment env;
  env.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  if (check_files)
    env.unreadable = [](const std::string& path) -> std::string {
      errno = 0;
      std::ifstream file(path);
      if (file && file.peek() != std::ifstream::traits_type::eof())
        return {};
      return errno != 0 ? std::strerror(errno) : "it is empty";
    };
  return env;
}

void expand(yaml_value& tree, const environment& env, diagnostics& out) {
  expander(env, out).walk(tree, "");
}

} // namespace weir::app
