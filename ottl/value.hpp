#pragma once

#include "editing/values.hpp"
#include "otlp/features.hpp"
#include "ottl/scratch_arena.hpp"
#include "ottl/syntax.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// The language of conditions and statements. It is written in the words of item editing.
namespace weir::ottl {

using namespace editing;

enum class value_type : std::uint8_t {
  nil,
  boolean,
  integer,
  real,
  string,
  bytes,
  list,     ///< Its body as an ArrayValue message.
  map,      ///< Its body as a KeyValueList message.
  trace_id, ///< 16 bytes.
  span_id,  ///< 8 bytes.
  time,     ///< Nanoseconds since 1970, in `integer`.
  duration, ///< Nanoseconds, in `integer`.
  items,    ///< Events, links, data points, ...: only their number, in `integer`.
};

/// "a string", for messages.
std::string_view to_string(value_type type) noexcept;

/// What an expression is worth. Bytes are not owned: they lie in the item, in an arena or in the
/// program.
struct value {
  value_type type = value_type::nil;
  bool boolean = false;
  std::int64_t integer = 0;
  double real = 0;
  std::string_view bytes{};

  static value of(bool b) { return {.type = value_type::boolean, .boolean = b}; }
  static value of(std::int64_t i) { return {.type = value_type::integer, .integer = i}; }
  static value of(double d) { return {.type = value_type::real, .real = d}; }
  static value of_string(std::string_view text) {
    return {.type = value_type::string, .bytes = text};
  }
  static value of_bytes(value_type type, std::string_view bytes) {
    return {.type = type, .bytes = bytes};
  }
  static value of_time(value_type type, std::int64_t nanoseconds) {
    return {.type = type, .integer = nanoseconds};
  }

  bool is(value_type t) const noexcept { return type == t; }
  bool is_nil() const noexcept { return type == value_type::nil; }
};

/// An attribute's value; an empty one is nil.
value from_wire(const otlp::value_ref& read) noexcept;
/// The body of an AnyValue message.
value from_wire(std::string_view any_value) noexcept;

/// Whether an attribute can hold it: ids, times and items cannot.
bool is_storable(const value& v) noexcept;

/// Bytes of the AnyValue message's body, and the same written. @pre is_storable(v)
std::size_t wire_size(const value& v) noexcept;
char* put_wire(char* out, const value& v) noexcept;

/// Adds an element to an ArrayValue's body, a pair to a KeyValueList's.
void append_element(text_builder& list, const value& v);
void append_pair(text_builder& map, std::string_view key, const value& v);
void append_any_pair(text_builder& map, std::string_view key, std::string_view any);
void append_any(text_builder& list, std::string_view any);

std::size_t list_size(std::string_view list) noexcept;
std::size_t map_size(std::string_view map) noexcept;

/// The value under a key (the first, if it stands there twice), or at a place from 0 on.
std::optional<value> map_at(std::string_view map, std::string_view key) noexcept;
std::optional<value> list_at(std::string_view list, std::int64_t index) noexcept;

/// Compares as OTTL does: values of different types only differ (but integers compare with reals);
/// nil equals nil; lists and maps know only == and !=, and a map's order does not count.
bool compare(const value& left, const value& right, operation op);

} // namespace weir::ottl
