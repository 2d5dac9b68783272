#pragma once

#include "app/config/option.hpp"
#include "processors/config.hpp"

#include <string>

// Options whose value may be of any type: text, number, truth value, list, map.
namespace weir::app {

/// The value as the body of an AnyValue message; nothing for null.
processors::any_value read_any(const yaml_value& value);

/// The value as YAML that reads back as the same.
void emit_any(YAML::Emitter& yaml, std::string_view any);

template <class T>
option<T> any(std::string_view name, processors::any_value T::*member, std::string_view text) {
  return {{name},
          [=](const section& map, T& out) {
            if (const auto* entry = map.value.find(name))
              out.*member = read_any(entry->value);
          },
          [=](YAML::Emitter& yaml, const T& value) {
            if ((value.*member).empty())
              return;
            emit_key(yaml, name);
            emit_any(yaml, (value.*member).bytes);
          },
          [=](std::vector<reference_row>& rows, const std::string& path, const T&) {
            rows.push_back({join_path(path, name), "a value of any type", "", std::string(text),
                            effect::works});
          },
          [=](const T& now, const T& wanted, const std::string& path, difference_list& found) {
            if ((now.*member).bytes != (wanted.*member).bytes)
              found.push_back({join_path(path, name)});
          }};
}

/// A text for which "" and nothing are not the same.
template <class T>
option<T> optional_text(std::string_view name, std::optional<std::string> T::*member,
                        std::string_view text) {
  return {{name},
          [=](const section& map, T& out) {
            if (!map.given(name))
              return;
            (out.*member).emplace();
            read_option(map, name, rule{}, *(out.*member));
          },
          [=](YAML::Emitter& yaml, const T& value) {
            if (!(value.*member))
              return;
            emit_key(yaml, name);
            emit_scalar(yaml, *(value.*member), true, rule{});
          },
          [=](std::vector<reference_row>& rows, const std::string& path, const T&) {
            rows.push_back({join_path(path, name), "text", "", std::string(text), effect::works});
          },
          compare_member(name, member)};
}

} // namespace weir::app
