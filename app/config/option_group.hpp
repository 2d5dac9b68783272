#pragma once

#include "app/config/option.hpp"

// Options that hold further options.
namespace weir::app {

namespace detail {

/// The section that `name` holds, read into `out`; nothing there: all defaults stay.
template <class T>
void read_section(const section& map, std::string_view name, const option_table<T>& table, T& out) {
  const auto* entry = map.value.find(name);

  if (entry != nullptr)
    read_table(map.reports, table, entry->value, map.path_of(name), out);
  else
    read_table(map.reports, table, yaml_value{.position = map.value.position}, map.path_of(name),
               out);
}

template <class T>
std::vector<std::string_view> names_of(const option_table<T>& table) {
  std::vector<std::string_view> names;
  for (const auto& o : table.options)
    names.insert(names.end(), o.names.begin(), o.names.end());
  return names;
}

inline reference_row heading(const std::string& path, std::string_view name, std::string_view type,
                             std::string_view text) {
  return {join_path(path, name), std::string(type), "", std::string(text), effect::works};
}

/// Items are compared where there are as many.
template <class V>
void compare_lists(const option_table<V>& table, const std::vector<V>& now,
                   const std::vector<V>& wanted, const std::string& path, difference_list& found) {
  if (now.size() != wanted.size())
    return found.push_back({path});
  for (std::size_t i = 0; i < now.size(); ++i)
    compare_table(table, now[i], wanted[i], path + "[" + std::to_string(i) + "]", found);
}

} // namespace detail

/// A member that is a configuration of its own, with its own table.
template <class T, class V>
option<T> block(std::string_view name, V T::*member, table_of<V> table) {
  return {
      {name},
      [=](const section& map, T& out) { detail::read_section(map, name, table(), out.*member); },
      [=](YAML::Emitter& yaml, const T& value) {
        emit_key(yaml, name);
        print_table(yaml, table(), value.*member);
      },
      [=](std::vector<reference_row>& rows, const std::string& path, const T& defaults) {
        describe_table(rows, table(), join_path(path, name), defaults.*member);
      },
      [=](const T& now, const T& wanted, const std::string& path, difference_list& found) {
        compare_table(table(), now.*member, wanted.*member, join_path(path, name), found);
      }};
}

/// The same, there only when the key is: an empty value means all defaults.
template <class T, class V>
option<T> block(std::string_view name, std::optional<V> T::*member, table_of<V> table,
                std::string_view text) {
  return {{name},
          [=](const section& map, T& out) {
            if (!map.given(name))
              return;
            (out.*member) = table().defaults;
            detail::read_section(map, name, table(), *(out.*member));
          },
          [=](YAML::Emitter& yaml, const T& value) {
            if (!(value.*member))
              return;
            emit_key(yaml, name);
            print_table(yaml, table(), *(value.*member));
          },
          [=](std::vector<reference_row>& rows, const std::string& path, const T&) {
            rows.push_back(detail::heading(path, name, "a map", text));
            describe_table(rows, table(), join_path(path, name), table().defaults);
          },
          [=](const T& now, const T& wanted, const std::string& path, difference_list& found) {
            const auto& one = now.*member;
            const auto& other = wanted.*member;
            if (one && other)
              compare_table(table(), *one, *other, join_path(path, name), found);
            else if (one || other)
              found.push_back({join_path(path, name)});
          }};
}

/// What a section without a value stands for.
enum class when_empty : std::uint8_t {
  defaults, ///< All its defaults.
  absent,   ///< What its key's absence does.
};

/// A section that may say `enabled: false`, as the Collector's optional ones may: then it is as if
/// it were not there.
template <class T>
option<T> switchable(option<T> made, when_empty empty = when_empty::defaults) {
  made.read = [read = made.read, name = made.names.front(), empty](const section& map, T& out) {
    if (const auto rest = map.with_switch_read(name, empty == when_empty::absent))
      read(section{map.reports, *rest, map.path}, out);
    else
      read(map, out);
  };
  return made;
}

/// A map in YAML whose options are members of the same T. With `condition`, it belongs to a T for
/// which that holds: elsewhere it is not read, with a warning.
template <class T>
option<T> group(std::string_view name, table_of<T> table,
                std::function<bool(const T&)> condition = nullptr) {
  return {{name},
          [=](const section& map, T& out) {
            if (!condition || condition(out))
              detail::read_section(map, name, table(), out);
            else if (map.given(name))
              map.warn(name, "no effect: it belongs to another type");
          },
          [=](YAML::Emitter& yaml, const T& value) {
            if (table().options.empty() || (condition && !condition(value)))
              return;
            emit_key(yaml, name);
            print_table(yaml, table(), value);
          },
          [=](std::vector<reference_row>& rows, const std::string& path, const T& defaults) {
            describe_table(rows, table(), join_path(path, name), defaults);
          },
          [=](const T& now, const T& wanted, const std::string& path, difference_list& found) {
            if (!condition || condition(wanted))
              compare_table(table(), now, wanted, join_path(path, name), found);
          }};
}

/// The options of a member, as if they were those of T.
template <class T, class V>
option<T> embedded(V T::*member, table_of<V> table) {
  return {detail::names_of(table()),
          [=](const section& map, T& out) {
            const auto errors_before = map.reports.out.errors.size();
            for (const auto& o : table().options)
              o.read(map, out.*member);
            if (table().check && map.reports.out.errors.size() == errors_before)
              table().check(map, out.*member);
          },
          [=](YAML::Emitter& yaml, const T& value) {
            for (const auto& o : table().options)
              o.print(yaml, value.*member);
          },
          [=](std::vector<reference_row>& rows, const std::string& path, const T& defaults) {
            describe_table(rows, table(), path, defaults.*member);
          },
          [=](const T& now, const T& wanted, const std::string& path, difference_list& found) {
            compare_table(table(), now.*member, wanted.*member, path, found);
          }};
}

/// How a list of blocks appears in the reference.
enum class listing : std::uint8_t {
  described, ///< With the options of its items.
  as_above,  ///< Its items stand elsewhere.
};

/// A list of configurations.
template <class T, class V>
option<T> list(std::string_view name, std::vector<V> T::*member, table_of<V> table,
               std::string_view text, listing form = listing::described) {
  return {{name},
          [=](const section& map, T& out) {
            const auto* entry = map.value.find(name);
            if (entry == nullptr || entry->value.is_null())
              return;
            if (!entry->value.is_list())
              return map.refuse_type(name, entry->value, "a list", false);
            const auto& items = entry->value.items;
            for (std::size_t i = 0; i < items.size(); ++i) {
              const auto path = map.path_of(name) + "[" + std::to_string(i) + "]";
              read_table(map.reports, table(), items[i], path,
                         (out.*member).emplace_back(table().defaults));
            }
          },
          [=](YAML::Emitter& yaml, const T& value) {
            if ((value.*member).empty())
              return;
            emit_key(yaml, name);
            begin_list(yaml);
            for (const auto& item : value.*member)
              print_table(yaml, table(), item);
            end_list(yaml);
          },
          [=](std::vector<reference_row>& rows, const std::string& path, const T&) {
            const auto item = join_path(path, name) + "[]";
            rows.push_back(detail::heading(path, name, "a list", text));
            if (form == listing::described)
              describe_table(rows, table(), item, table().defaults);
          },
          [=](const T& now, const T& wanted, const std::string& path, difference_list& found) {
            detail::compare_lists(table(), now.*member, wanted.*member, join_path(path, name),
                                  found);
          }};
}

/// Exactly one configuration, kept as a list of one.
template <class T, class V>
option<T> single(std::string_view name, std::vector<V> T::*member, table_of<V> table,
                 std::string_view text) {
  return {{name},
          [=](const section& map, T& out) {
            (out.*member).assign(1, table().defaults);
            detail::read_section(map, name, table(), (out.*member).front());
          },
          [=](YAML::Emitter& yaml, const T& value) {
            emit_key(yaml, name);
            if ((value.*member).empty())
              print_table(yaml, table(), table().defaults);
            else
              print_table(yaml, table(), (value.*member).front());
          },
          [=](std::vector<reference_row>& rows, const std::string& path, const T&) {
            rows.push_back(detail::heading(path, name, "a map", text));
          },
          [=](const T& now, const T& wanted, const std::string& path, difference_list& found) {
            detail::compare_lists(table(), now.*member, wanted.*member, join_path(path, name),
                                  found);
          }};
}

} // namespace weir::app
