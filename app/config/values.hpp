#pragma once

#include "app/config/yaml.hpp"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The types an option may have: how each is written in YAML, read and printed.
namespace weir::app {

/// What a number in an option means, where the member's own type does not say it.
enum class unit : std::uint8_t {
  none,
  size,        ///< Bytes, written "256KiB", "10GB" or as a plain number.
  mib,         ///< Written in MiB, kept in bytes.
  nanoseconds, ///< Written as a duration, kept as a number of nanoseconds.
};

/// What holds for an option's value. Bounds are written as the option itself is.
struct rule {
  app::unit unit = app::unit::none;
  std::string_view min = {};
  std::string_view max = {};
  std::vector<std::string_view> one_of = {};
  bool required = false;
  bool secret = false;          ///< Never shown: not by print-config, not in a message.
  bool file = false;            ///< Names a file that has to be readable.
  bool numbers = false;         ///< Whole numbers may stand among the texts of a list.
  bool zero_is_default = false; ///< As in the Collector, 0 asks for the default.
  bool clamped = false;         ///< What is over `max` is taken as `max`, with a warning.
  /// Further spellings, each with the one of `one_of` that it stands for.
  std::vector<std::pair<std::string_view, std::string_view>> also = {};
};

/// "1h30m", "200ms", "1.5s", "0": Go's syntax, and "7d" for days of 24 hours. False when it is
/// something else or out of range.
bool parse_duration(std::string_view text, std::chrono::nanoseconds& out) noexcept;
std::string print_duration(std::chrono::nanoseconds value);

/// "10GiB", "256KiB", "1.5MiB", "10GB", "4096". False when it is something else or out of range.
bool parse_size(std::string_view text, std::uint64_t& out) noexcept;
std::string print_size(std::uint64_t value);

template <class V>
concept duration_value = requires(V v) {
  std::chrono::duration_cast<std::chrono::nanoseconds>(v);
};
template <class V>
concept integer_value = std::integral<V> && !std::same_as<V, bool>;
using text_list = std::vector<std::string>;
using text_map = std::map<std::string, std::string>;

// Reading: false when the value has another type. A null never gets here, but for a text that an
// environment variable left empty.

/// Whether a value is text: a plain `5` or `true` is not. What a variable holds is, whatever it
/// looks like.
bool is_text(const yaml_value& value);
/// Whether it may stand in a list of texts.
bool is_list_text(const yaml_value& item, const rule& terms);

/// The text of a scalar as its type counts: what a variable holds without the blanks around it.
std::string_view plain_text(const yaml_value& value);

bool read_value(const yaml_value& value, const rule& terms, bool& out);
bool read_value(const yaml_value& value, const rule& terms, double& out);
bool read_value(const yaml_value& value, const rule& terms, std::string& out);
/// A list, or one text with commas.
bool read_value(const yaml_value& value, const rule& terms, text_list& out);
/// A map, or a list of {name, value}.
bool read_value(const yaml_value& value, const rule& terms, text_map& out);
bool read_whole(const yaml_value& value, const rule& terms, std::int64_t& out);
/// Never negative: no option is.
bool read_duration(const yaml_value& value, std::chrono::nanoseconds& out);

template <integer_value V>
bool read_value(const yaml_value& value, const rule& terms, V& out) {
  std::int64_t whole = 0;
  if (!read_whole(value, terms, whole) || !std::in_range<V>(whole))
    return false;
  out = static_cast<V>(whole);
  return true;
}

/// Rounds up to what the member can hold, so that a short wait never becomes none.
template <duration_value V>
bool read_value(const yaml_value& value, const rule&, V& out) {
  std::chrono::nanoseconds exact{0};
  if (!read_duration(value, exact))
    return false;
  out = std::chrono::ceil<V>(exact);
  return true;
}

// Printing, as it may stand in YAML; lists and maps print as flow style for the reference.

std::string print_value(bool value, const rule& terms);
std::string print_value(double value, const rule& terms);
std::string print_value(const std::string& value, const rule& terms);
std::string print_value(const text_list& value, const rule& terms);
std::string print_value(const text_map& value, const rule& terms);
std::string print_whole(std::int64_t value, const rule& terms);

template <integer_value V>
std::string print_value(V value, const rule& terms) {
  return print_whole(static_cast<std::int64_t>(value), terms);
}
template <duration_value V>
std::string print_value(V value, const rule&) {
  return print_duration(value);
}

// Naming a type for a person.

std::string_view number_type(const rule& terms) noexcept;

template <class V>
std::string_view type_name(const rule& terms) noexcept {
  if constexpr (std::same_as<V, bool>)
    return "true or false";
  else if constexpr (std::same_as<V, std::string>)
    return "text";
  else if constexpr (std::same_as<V, text_list>)
    return "a list of texts";
  else if constexpr (std::same_as<V, text_map>)
    return "a map of texts";
  else if constexpr (std::same_as<V, double>)
    return "a number";
  else if constexpr (duration_value<V>)
    return "a duration such as `5s`";
  else if (std::unsigned_integral<V> && terms.unit == unit::none)
    return sizeof(V) == 2   ? "a whole number from 0 to 65535"
           : sizeof(V) == 4 ? "a whole number from 0 to 4294967295"
                            : "a whole number from 0 on";
  else
    return number_type(terms);
}

/// The same in a word, for the reference.
template <class V>
std::string_view type_word(const rule& terms) noexcept {
  if constexpr (std::same_as<V, bool>)
    return "truth value";
  else if constexpr (std::same_as<V, std::string>)
    return "text";
  else if constexpr (std::same_as<V, text_list>)
    return "list of texts";
  else if constexpr (std::same_as<V, text_map>)
    return "map of texts";
  else if constexpr (std::same_as<V, double>)
    return "number";
  else if constexpr (duration_value<V>)
    return "duration";
  else
    return terms.unit == unit::nanoseconds ? "duration"
           : terms.unit == unit::size      ? "size"
                                           : "whole number";
}

} // namespace weir::app
