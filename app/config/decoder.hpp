#pragma once

#include "app/config/expand.hpp"
#include "app/config/values.hpp"
#include "app/config/yaml.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace YAML {
class Emitter;
}

namespace weir::app {

/// A file that an option names; looked at when its component is used.
struct named_file {
  place position;
  std::string path; ///< Of the option.
  std::string file;
};

/// Where decoding reports to, and what it leaves for later checks.
struct decoder {
  diagnostics& out;
  std::vector<named_file> files{};

  void error(place position, const std::string& path, std::string message);
  void warn(place position, const std::string& path, std::string message);
};

/// A map that is being decoded: for checks across options.
struct section {
  decoder& reports;
  const yaml_value& value; ///< A map, or null.
  const std::string& path;

  bool given(std::string_view option) const;
  /// Where an option of the section stands; the section itself where it does not.
  place position(std::string_view option) const;
  std::string path_of(std::string_view option) const;
  void error(std::string_view option, std::string message) const;
  void warn(std::string_view option, std::string message) const;

  /// The map as it is once the `enabled` of one of its sections has been looked at: without that
  /// key, or without the section where it is off, or empty and `empty_is_absent`. nullopt: the map
  /// itself.
  std::optional<yaml_value> with_switch_read(std::string_view option, bool empty_is_absent) const;

  /// Reports the keys that are not known.
  void refuse_unknown(const std::vector<std::string_view>& known) const;
  /// Reports a value of the wrong type, without showing what is secret.
  void refuse_type(std::string_view option, const yaml_value& found, std::string_view expected,
                   bool secret) const;
  /// Reports the items of a list or a map that are not texts, or not those allowed. False: all
  /// good.
  bool refuse_items(std::string_view option, const rule& terms) const;
};

/// Checks what a rule says about a value that has the right type. `text` is the value as written.
template <class V>
bool check_bounds(const V& value, const rule& terms, std::string& expected);
/// A name of `one_of` in other letters, or one of `also`, becomes that name.
bool check_one_of(std::string& value, const rule& terms, std::string& expected);
/// Whether "" asks for the default: it is none of the names that the option has.
bool empty_is_default(const rule& terms);

/// "1 to 64", "at least 1", "at most 64"
std::string bounds_text(const rule& terms);

/// What makes another value of an option count.
enum class change_by : std::uint8_t {
  unsaid, ///< What does so for that which the option is a part of.
  reload, ///< docs/reload.md
  restart,
};

/// An option that two configurations have different values of.
struct difference {
  std::string path;
  change_by change = change_by::unsaid;
};
using difference_list = std::vector<difference>;

/// Says it for those from number `first` on that nothing was said of.
template <class Row>
void say_change(std::vector<Row>& rows, std::size_t first, change_by said) {
  for (auto i = first; i < rows.size(); ++i)
    if (rows[i].change == change_by::unsaid)
      rows[i].change = said;
}

/// What an option does.
enum class effect : std::uint8_t { works, none, refused };

/// One row of docs/configuration.md.
struct reference_row {
  std::string path;     ///< From the component on: "retry_on_failure.max_interval"
  std::string type;     ///< "a duration such as `5s`, at least 1ms"
  std::string fallback; ///< The default, "" = none
  std::string text;     ///< What it means, or why it has no effect or is refused.
  app::effect effect = app::effect::works;
  change_by change = change_by::unsaid;
};

// Printing of a value with print-config: YAML that reads back as the same, secrets masked.

void emit_key(YAML::Emitter& yaml, std::string_view key);
void emit_scalar(YAML::Emitter& yaml, const std::string& text, bool is_text, const rule& terms);
void emit_list(YAML::Emitter& yaml, const text_list& list, const rule& terms);
void emit_map(YAML::Emitter& yaml, const text_map& map, const rule& terms);

/// A map in block style around `body`.
void begin_map(YAML::Emitter& yaml);
void end_map(YAML::Emitter& yaml);
void begin_list(YAML::Emitter& yaml);
void end_list(YAML::Emitter& yaml);

/// A bound of the rule as a value; false: it has none.
template <class V>
bool read_bound(std::string_view written, const rule& terms, V& out) {
  return !written.empty()
         && read_value({.type = yaml_value::kind::scalar, .text = std::string(written)}, terms,
                       out);
}

template <class V>
bool check_bounds(const V& value, const rule& terms, std::string& expected) {
  const auto bound = [&terms](std::string_view written, V& out) {
    return read_bound(written, terms, out);
  };
  V limit{};
  if ((bound(terms.min, limit) && value < limit) || (bound(terms.max, limit) && limit < value)) {
    expected = bounds_text(terms);
    return false;
  }
  return true;
}

} // namespace weir::app
