#include "app/config/expand.hpp"

#include "app/config/load.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fmt/format.h>
#include <fstream>
#include <map>

namespace weir::app {

namespace {

constexpr int max_nesting = 16;                  // references inside references
constexpr std::size_t max_expanded = 256 * 1024; // bytes of one value
constexpr std::size_t max_in_all = 4 << 20;      // bytes that all references together put in

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

/// A reference without its braces.
struct source_name {
  enum class kind : std::uint8_t { env, file, yaml, unknown } type = kind::env;
  std::string_view scheme; ///< "" = none was written
  std::string_view rest;
};

source_name split_scheme(std::string_view inside) {
  using kind = source_name::kind;
  const auto colon = inside.substr(0, inside.find("${")).find(':');
  if (colon == inside.npos || inside.compare(colon, 2, ":-") == 0)
    return {kind::env, {}, inside};
  const auto scheme = inside.substr(0, colon);
  const auto type = scheme == "env"    ? kind::env
                    : scheme == "file" ? kind::file
                    : scheme == "yaml" ? kind::yaml
                                       : kind::unknown;
  return {type, scheme, inside.substr(colon + 1)};
}

class expander {
public:
  expander(const environment& env, diagnostics& out) : env_(env), out_(out) {}

  void walk(yaml_value& value, const std::string& path, int depth = 0) {
    for (std::size_t i = 0; i < value.items.size() && !given_up_; ++i)
      walk(value.items[i], fmt::format("{}[{}]", path, i), depth);
    for (std::size_t i = 0; i < value.entries.size() && !given_up_; ++i) {
      auto& entry = value.entries[i];
      walk(entry.value, path.empty() ? entry.key : path + "." + entry.key, depth);
    }
    if (value.is_scalar() && value.text.find('$') != std::string::npos)
      scalar(value, path, depth);
  }

private:
  void scalar(yaml_value& value, const std::string& path, int depth) {
    path_ = path;
    position_ = value.position;
    failed_ = false;
    const auto whole =
        value.text.starts_with("${") && closing_brace(value.text, 0) == value.text.size() - 1;
    if (!whole) {
      value.text = text(value.text, depth);
      value.plain = false;
      return;
    }
    const auto inside = value.text.substr(2, value.text.size() - 3);
    using kind = source_name::kind;
    if (const auto type = split_scheme(inside).type; type == kind::file || type == kind::yaml)
      return put_in_tree(value, inside, depth);
    const auto inserted = reference(inside, depth);
    if (!failed_)
      substitute(value, inserted);
  }

  /// Puts what a whole-value reference stands for in its place, with the type that it has as YAML.
  void substitute(yaml_value& value, const std::optional<std::string>& inserted) {
    const auto position = value.position;
    const auto& text = inserted.value_or("");
    if (text.find_first_of("[{:-") != std::string::npos) {
      diagnostics ignored;
      auto parsed = parse_yaml(text, ignored);
      if (parsed && ignored.ok() && (parsed->is_list() || parsed->is_map())) {
        move_to(*parsed, position);
        // Where a text is expected, such as a header's, it is the text that counts.
        parsed->substituted = true;
        parsed->text = text;
        value = std::move(*parsed);
        return;
      }
    }
    value = text_as_value(text, position);
    if (!inserted)
      value.substituted = false;
  }

  static yaml_value text_as_value(std::string text, place position) {
    yaml_value value{.type = yaml_value::kind::scalar, .substituted = true, .position = position};
    if (type_of(without_blanks(text)) == scalar_type::null)
      value.type = yaml_value::kind::null;
    value.text = std::move(text);
    return value;
  }

  /// The same for `${file:...}` and `${yaml:...}`: a whole YAML value, with references of its own.
  void put_in_tree(yaml_value& value, std::string_view inside, int depth) {
    const auto path = path_;
    const auto position = value.position;
    const auto [type, scheme, rest] = split_scheme(inside);
    const auto content = contents(type, text(rest, depth + 1), depth);
    if (failed_) {
      value = {.position = position}; // no second error about what stands there
      return;
    }
    diagnostics problems;
    auto parsed = parse_yaml(*content.text, problems, {}, content.source);
    if (parsed && (parsed->is_list() || parsed->is_map())) {
      out_.errors.insert(out_.errors.end(), problems.errors.begin(), problems.errors.end());
      if (type == source_name::kind::yaml)
        move_to(*parsed, position);
      parsed->substituted = true;
      parsed->text = *content.text;
      value = std::move(*parsed);
      walk(value, path, depth + 1);
      return;
    }
    if (!parsed && content.text->find('\n') != std::string::npos) {
      out_.errors.insert(out_.errors.end(), problems.errors.begin(), problems.errors.end());
      return;
    }
    // What is no YAML, such as a password in one line, stands for itself.
    const auto plain = !parsed || parsed->plain || parsed->is_null();
    value = plain ? text_as_value(*content.text, position) : *std::move(parsed);
    value.position = position;
    if (value.text.find("${") != std::string::npos)
      scalar(value, path, depth + 1);
  }

  struct content {
    const std::string* text = nullptr;
    std::uint32_t source = 0;
  };

  /// What a file or an inline text holds; where it cannot be had, that is reported.
  content contents(source_name::kind type, std::string name, int depth) {
    static const std::string nothing;
    if (failed_ || too_deep(depth))
      return {&nothing, position_.source};
    if (type == source_name::kind::yaml) {
      inline_ = std::move(name);
      count(inline_.size());
      return {&inline_, position_.source};
    }
    auto known = files_.find(name);
    if (known == files_.end()) {
      auto read = env_.file(name);
      if (!read) {
        error(fmt::format("`${{file:...}}`: {}", read.error().message));
        return {&nothing, position_.source};
      }
      if (read->ends_with('\n'))
        read->pop_back();
      if (read->ends_with('\r'))
        read->pop_back();
      out_.sources.push_back(name);
      known = files_
                  .emplace(name, file{*std::move(read),
                                      static_cast<std::uint32_t>(out_.sources.size() - 1)})
                  .first;
    }
    count(known->second.text.size());
    return {&known->second.text, known->second.source};
  }

  static void move_to(yaml_value& value, place position) {
    value.position = position;
    for (auto& item : value.items)
      move_to(item, position);
    for (auto& entry : value.entries) {
      entry.position = position;
      move_to(entry.value, position);
    }
  }

  void error(std::string message) {
    failed_ = true;
    out_.error(position_, path_, std::move(message));
  }

  bool too_deep(int depth) {
    if (depth < max_nesting)
      return false;
    if (!failed_)
      error(fmt::format("references stand in each other more than {} deep", max_nesting));
    given_up_ = true;
    return true;
  }

  /// Counts bytes that come in from outside, so that references cannot multiply without end.
  void count(std::size_t bytes) {
    total_ += bytes + 1;
    if (total_ <= max_in_all || failed_)
      return;
    error(fmt::format("references put more than {} bytes into the configuration", max_in_all));
    given_up_ = true;
  }

  /// `given` with all its references replaced.
  std::string text(std::string_view given, int depth) {
    std::string done;
    for (std::size_t i = 0; i < given.size() && !failed_;) {
      if (given[i] != '$') {
        done += given[i++];
        continue;
      }
      auto dollars = given.find_first_not_of('$', i);
      dollars = (dollars == std::string_view::npos ? given.size() : dollars) - i;
      i += dollars;
      done.append(dollars / 2, '$');
      if (dollars % 2 == 1)
        i = dollar(given, i, done, depth);
      if (done.size() > max_expanded)
        error(fmt::format("the value is longer than {} bytes once expanded", max_expanded));
    }
    return done;
  }

  /// One active `$` that ended at `i`: appends what it stands for, returns where to go on.
  std::size_t dollar(std::string_view given, std::size_t i, std::string& done, int depth) {
    if (i >= given.size() || given[i] != '{') {
      done += '$';
      if (depth == 0 && i < given.size() && starts_name(given[i]))
        out_.warn(position_, path_,
                  "`$NAME` without braces is not replaced: write `${env:NAME}`, or `$$` for a `$`");
      return i;
    }
    const auto end = closing_brace(given, i - 1);
    if (end == std::string_view::npos) {
      error("found `${` without its `}`");
      return given.size();
    }
    done += reference(given.substr(i + 1, end - i - 1), depth).value_or("");
    return end + 1;
  }

  /// The text of what stands between the braces; absent: not set, no default.
  std::optional<std::string> reference(std::string_view inside, int depth) {
    if (too_deep(depth))
      return std::nullopt;
    const auto [type, scheme, rest] = split_scheme(inside);
    switch (type) {
    case source_name::kind::env:
      return variable(rest, depth);
    case source_name::kind::file:
    case source_name::kind::yaml: {
      const auto content = contents(type, text(rest, depth + 1), depth);
      return nested(std::string(*content.text), depth);
    }
    case source_name::kind::unknown:
      break;
    }
    error(fmt::format("found the source {}, expected `env`, `file` or `yaml`", quoted(scheme)));
    return std::nullopt;
  }

  std::optional<std::string> variable(std::string_view inside, int depth) {
    const auto split = inside.find(":-");
    const auto has_default = split != std::string_view::npos && inside.find("${") >= split;
    auto name = has_default ? std::string(inside.substr(0, split)) : text(inside, depth + 1);
    if (failed_)
      return std::nullopt;
    std::optional<std::string> fallback;
    if (const auto mark = name.find(":-"); !has_default && mark != std::string::npos) {
      fallback = name.substr(mark + 2);
      name.resize(mark);
    }
    if (!is_name(name)) {
      error(
          fmt::format("found {} as the name of an environment variable, expected a letter or `_`, "
                      "then letters, digits and `_`",
                      quoted(name)));
      return std::nullopt;
    }
    if (auto found = env_.variable(name)) {
      count(found->size());
      return nested(std::move(*found), depth);
    }
    if (has_default)
      return text(inside.substr(split + 2), depth + 1);
    if (!fallback)
      out_.warn(
          position_, path_,
          fmt::format("the environment variable `{}` is not set, so nothing stands here", name));
    return fallback;
  }

  /// What was put in may hold references itself.
  std::optional<std::string> nested(std::string value, int depth) {
    if (failed_)
      return std::nullopt;
    return value.find("${") == std::string::npos ? value : text(value, depth + 1);
  }

  struct file {
    std::string text;
    std::uint32_t source = 0;
  };

  const environment& env_;
  diagnostics& out_;
  std::string path_;
  place position_;
  bool failed_ = false;   // the value at hand
  bool given_up_ = false; // all that comes
  std::size_t total_ = 0;
  std::map<std::string, file> files_;
  std::string inline_;
};

} // namespace

environment process_environment(bool check_files) {
  environment env;
  env.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  env.file = read_config_file;
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
