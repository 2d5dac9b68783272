#pragma once

#include "app/config/decoder.hpp"

#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

// One table a component says which options there are. Parsing, defaults, checks, print-config, what
// a reload takes, docs/configuration.md and the list in docs/reload.md all come from it. A default
// is that of the member; what a reload takes is said where it is not so for all around:
//
//   const option_table<retry_config>& retry_options() {
//     using c = retry_config;
//     static const option_table<c> table{{
//       works("enabled", &c::enabled, "..."),
//       by_reload(works("multiplier", &c::multiplier, {.min = "1"}, "...")),
//       no_effect("queue_size", "the log is the queue"),
//       refused("auth", "authenticators are not there yet"),
//     }};
//     return table;
//   }
namespace weir::app {

template <class T>
struct option_table;

/// Tables may contain each other, so they are reached through a function.
template <class T>
using table_of = const option_table<T>& (*)();

/// One option (or, when embedded, several) of a component whose configuration is a T.
template <class T>
struct option {
  std::vector<std::string_view> names;
  std::function<void(const section&, T&)> read;
  std::function<void(YAML::Emitter&, const T&)> print;
  std::function<void(std::vector<reference_row>&, const std::string& path, const T& defaults)>
      describe;
  /// Adds what differs between two configurations.
  std::function<void(const T& now, const T& wanted, const std::string& path, difference_list&)>
      compare;
};

template <class T>
struct option_table {
  std::vector<option<T>> options;
  T defaults{};
  /// What cannot be said about one option alone.
  std::function<void(const section&, const T&)> check = nullptr;
};

inline std::string join_path(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : path + "." + std::string(name);
}

// -- whole tables --

/// Reads a map (or nothing: all defaults) into `out`, which holds the defaults already.
template <class T>
void read_table(decoder& reports, const option_table<T>& table, const yaml_value& value,
                const std::string& path, T& out) {
  const section map{reports, value, path};
  if (!value.is_map() && !value.is_null())
    return map.refuse_type("", value, "a map", false);
  const auto errors_before = reports.out.errors.size();
  std::vector<std::string_view> known;
  for (const auto& o : table.options) {
    known.insert(known.end(), o.names.begin(), o.names.end());
    o.read(map, out);
  }
  map.refuse_unknown(known);
  if (table.check && reports.out.errors.size() == errors_before)
    table.check(map, out);
}

template <class T>
void print_table(YAML::Emitter& yaml, const option_table<T>& table, const T& value) {
  begin_map(yaml);
  for (const auto& o : table.options)
    o.print(yaml, value);
  end_map(yaml);
}

template <class T>
void describe_table(std::vector<reference_row>& rows, const option_table<T>& table,
                    const std::string& path, const T& defaults) {
  for (const auto& o : table.options)
    o.describe(rows, path, defaults);
}

/// The rows of a table that is no part of another: what needs no word needs a restart.
template <class T>
std::vector<reference_row> rows_of(const option_table<T>& table) {
  std::vector<reference_row> rows;
  describe_table(rows, table, "", table.defaults);
  say_change(rows, 0, change_by::restart);
  return rows;
}

template <class T>
void compare_table(const option_table<T>& table, const T& now, const T& wanted,
                   const std::string& path, difference_list& found) {
  for (const auto& o : table.options)
    o.compare(now, wanted, path, found);
}

// -- what a reload takes --

/// The option, with what makes another value of it count, and of what it holds.
template <class T>
option<T> changed_by(change_by said, option<T> made) {
  made.describe = [said, describe = made.describe](std::vector<reference_row>& rows,
                                                   const std::string& path, const T& defaults) {
    const auto first = rows.size();
    describe(rows, path, defaults);
    say_change(rows, first, said);
  };
  made.compare = [said, compare = made.compare](const T& now, const T& wanted,
                                                const std::string& path, difference_list& found) {
    const auto first = found.size();
    compare(now, wanted, path, found);
    say_change(found, first, said);
  };
  return made;
}

template <class T>
option<T> by_reload(option<T> made) {
  return changed_by(change_by::reload, std::move(made));
}

template <class T>
option<T> by_restart(option<T> made) {
  return changed_by(change_by::restart, std::move(made));
}

/// How an option compares that is one value.
template <class T, class V>
auto compare_member(std::string_view name, V T::*member) {
  return [=](const T& now, const T& wanted, const std::string& path, difference_list& found) {
    if (!(now.*member == wanted.*member))
      found.push_back({join_path(path, name)});
  };
}

// -- single values --

template <class V>
void emit_value(YAML::Emitter& yaml, const V& value, const rule& terms) {
  if constexpr (std::same_as<V, text_list>)
    emit_list(yaml, value, terms);
  else if constexpr (std::same_as<V, text_map>)
    emit_map(yaml, value, terms);
  else
    emit_scalar(yaml, print_value(value, terms), std::same_as<V, std::string>, terms);
}

/// Texts, lists and maps that are empty are not set.
template <class V>
bool is_unset(const V& value) {
  if constexpr (requires { value.empty(); })
    return value.empty();
  return false;
}

/// What an option's value may be, for the reference.
template <class V>
std::string type_text(const rule& terms) {
  std::string text(type_word<V>(terms));
  if (!terms.one_of.empty())
    text = (std::same_as<V, text_list> ? "list of " : "") + any_of(terms.one_of);
  if (const auto bounds = bounds_text(terms); !bounds.empty())
    text += ", " + bounds;
  return text + (terms.required ? "; required" : "");
}

/// The same for a message: "a duration such as `5s`".
template <class V>
std::string expected_type(const rule& terms) {
  return terms.one_of.empty() ? std::string(type_name<V>(terms)) : any_of(terms.one_of);
}

/// May put another spelling of the same in place of the value.
template <class V>
bool check_value(V& value, const rule& terms, std::string& expected) {
  if constexpr (std::same_as<V, std::string>)
    return check_one_of(value, terms, expected);
  else if constexpr (std::same_as<V, text_list>)
    return std::all_of(value.begin(), value.end(),
                       [&](auto& item) { return check_one_of(item, terms, expected); });
  else if constexpr (std::same_as<V, text_map> || std::same_as<V, bool>)
    return true;
  else
    return check_bounds(value, terms, expected);
}

/// Whether a value says what saying nothing says.
template <class V>
bool asks_for_default(const V& value, const rule& terms) {
  if constexpr (std::same_as<V, std::string>)
    return value.empty() && empty_is_default(terms);
  else
    return terms.zero_is_default && value == V{};
}

/// What is over the rule's limit becomes the limit, with a warning.
template <class V>
void clamp(const section& map, std::string_view name, const rule& terms, V& value) {
  if constexpr (integer_value<V> || duration_value<V>) {
    V limit{};
    if (!read_bound(terms.max, terms, limit) || !(limit < value))
      return;
    map.warn(name, "found " + print_value(value, terms) + ", taken as " + std::string(terms.max)
                       + ", the most there is");
    value = limit;
  }
}

/// Reads one option's value; what is wrong with it is reported.
template <class V>
void read_option(const section& map, std::string_view name, const rule& terms, V& out) {
  const auto* entry = map.value.find(name);
  const auto missing = [&] {
    if (terms.required)
      map.error(name, "found nothing, expected " + expected_type<V>(terms));
  };
  if (entry == nullptr || (entry->value.is_null() && !entry->value.substituted))
    return missing();
  if constexpr (std::same_as<V, text_list> || std::same_as<V, text_map>)
    if (map.refuse_items(name, terms))
      return;
  V read{};
  if (!read_value(entry->value, terms, read))
    return entry->value.is_null() // a variable that is empty
               ? missing()
               : map.refuse_type(name, entry->value, expected_type<V>(terms), terms.secret);
  if (terms.required && is_unset(read))
    return missing();
  if (asks_for_default(read, terms))
    return;
  if (terms.clamped)
    clamp(map, name, terms, read);
  std::string expected;
  if (!check_value(read, terms, expected))
    return map.refuse_type(name, entry->value, expected, terms.secret);
  if constexpr (std::same_as<V, std::string>)
    if (terms.file && !read.empty())
      map.reports.files.push_back({map.position(name), map.path_of(name), read});
  out = std::move(read);
}

/// An option that works: a member of T.
template <class T, class V>
option<T> works(std::string_view name, V T::*member, rule terms, std::string_view text) {
  return {{name},
          [=](const section& map, T& out) { read_option(map, name, terms, out.*member); },
          [=](YAML::Emitter& yaml, const T& value) {
            if (is_unset(value.*member) && is_unset(T{}.*member))
              return; // nothing, as by default
            emit_key(yaml, name);
            emit_value(yaml, value.*member, terms);
          },
          [=](std::vector<reference_row>& rows, const std::string& path, const T& defaults) {
            rows.push_back({join_path(path, name), type_text<V>(terms),
                            terms.required || is_unset(defaults.*member)
                                ? ""
                                : print_value(defaults.*member, terms),
                            std::string(text), effect::works});
          },
          compare_member(name, member)};
}

template <class T, class V>
option<T> works(std::string_view name, V T::*member, std::string_view text) {
  return works(name, member, rule{}, text);
}

/// An option whose value is one of several names that stand for an enumerator.
template <class V>
struct named_value {
  std::string_view name;
  V value;
};

template <class T, class V>
option<T> choice(std::string_view name, V T::*member, std::vector<named_value<V>> values,
                 std::string_view text, bool required = false) {
  rule terms{.required = required};
  for (const auto& v : values)
    terms.one_of.push_back(v.name);
  const auto name_of = [values](V value) -> std::string {
    for (const auto& v : values)
      if (v.value == value)
        return std::string(v.name);
    return {};
  };
  return {{name},
          [=](const section& map, T& out) {
            auto read = name_of(out.*member);
            read_option(map, name, terms, read);
            for (const auto& v : values)
              if (v.name == read)
                out.*member = v.value;
          },
          [=](YAML::Emitter& yaml, const T& value) {
            emit_key(yaml, name);
            emit_value(yaml, name_of(value.*member), terms);
          },
          [=](std::vector<reference_row>& rows, const std::string& path, const T& defaults) {
            rows.push_back({join_path(path, name), type_text<std::string>(terms),
                            required ? "" : name_of(defaults.*member), std::string(text),
                            effect::works});
          },
          compare_member(name, member)};
}

// -- options that do nothing --

/// An option that does not touch the configuration; becomes an option of any component.
struct inert_option {
  std::string_view name;
  app::effect effect;
  std::string_view reason;
  std::string_view only = {}; ///< The one value that is what Weir does anyway.

  void read(const section& map) const;
  reference_row describe(const std::string& path) const;

  template <class T>
  operator option<T>() const { // NOLINT: meant to be implicit, so that tables read as lists
    return {{name},
            [self = *this](const section& map, T&) { self.read(map); },
            [](YAML::Emitter&, const T&) {},
            [self = *this](std::vector<reference_row>& rows, const std::string& path, const T&) {
              rows.push_back(self.describe(path));
            },
            [](const T&, const T&, const std::string&, difference_list&) {}};
  }
};

/// Accepted without an effect, which is said once at start, with the reason.
inline inert_option no_effect(std::string_view name, std::string_view reason) {
  return {name, effect::none, reason};
}

/// The same, for an option with one value that is what Weir does anyway: that passes unsaid.
inline inert_option no_effect_but(std::string_view value, std::string_view name,
                                  std::string_view reason) {
  return {name, effect::none, reason, value};
}

/// An error with a hint, unless it asks for nothing: empty, false, 0, `none`, or a section that is
/// not enabled or holds nothing else.
inline inert_option refused(std::string_view name, std::string_view hint) {
  return {name, effect::refused, hint};
}

/// Only `value` is accepted; anything else is an error with a hint.
inline inert_option only(std::string_view name, std::string_view value, std::string_view hint) {
  return {name, effect::refused, hint, value};
}

} // namespace weir::app
