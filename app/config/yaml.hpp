#pragma once

#include "app/config/diagnostics.hpp"
#include "app/config/scalar.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::app {

struct yaml_value;

/// A key of a map and what it holds. A template only because the two types contain each other: it
/// is complete as soon as yaml_value is.
template <class Value>
struct basic_yaml_entry {
  std::string key;
  place position;
  Value value;
};
using yaml_entry = basic_yaml_entry<yaml_value>;

/// A YAML value that remembers where it stood. yaml-cpp's own tree loses repeated keys and expands
/// aliases without a bound, so the tree is built here, from yaml-cpp's events.
struct yaml_value {
  enum class kind : std::uint8_t { null, scalar, list, map };

  kind type = kind::null;
  bool plain = true; ///< Of a scalar: without quotes, so it may be a number or a truth value.
  char quote = '\0'; ///< Of a scalar: ' or " around it, else 0.
  bool substituted = false; ///< Stood for a whole `${...}`: `text` is the original whatever it is.
  place position{};
  std::string text{};
  std::vector<yaml_value> items{};
  std::vector<yaml_entry> entries{}; ///< In file order, keys distinct.

  bool is_null() const noexcept { return type == kind::null; }
  bool is_scalar() const noexcept { return type == kind::scalar; }
  bool is_list() const noexcept { return type == kind::list; }
  bool is_map() const noexcept { return type == kind::map; }

  /// The entry of a map, or null.
  const yaml_entry* find(std::string_view key) const noexcept;
};

/// Bounds on a file; what is over them is an error.
struct yaml_limits {
  std::size_t max_text = 1 << 20;   ///< Bytes of the file.
  std::size_t max_depth = 64;       ///< Lists and maps inside each other.
  std::size_t max_values = 100'000; ///< Values once aliases are expanded.
  std::size_t max_bytes = 4 << 20;  ///< Bytes of scalars once aliases are expanded.
};

/// Parses the first YAML document of a text; that there are more is a warning, as the Collector
/// reads the first alone. Merge keys (`<<`) are put in. Repeated keys are reported, and the first
/// one stays; anything else that is wrong ends the parse: reported, and nothing is returned. Places
/// are those of `source`.
std::optional<yaml_value> parse_yaml(const std::string& text, diagnostics& out,
                                     const yaml_limits& limits = {}, std::uint32_t source = 0);

/// The same for each document of a text; those that hold nothing are left out. Stops at the first
/// that is wrong.
std::vector<yaml_value> parse_yaml_documents(const std::string& text, diagnostics& out,
                                             std::uint32_t source = 0);

/// What a value is, in words: "the number `5`", "a list", "nothing".
std::string describe(const yaml_value& value);

} // namespace weir::app
