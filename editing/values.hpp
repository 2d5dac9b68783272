#pragma once

#include "core/arena.hpp"
#include "otlp/features.hpp"
#include "otlp/wire.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

// Attribute values. An "any" is the body of an AnyValue message, a slice of the request's bytes or
// of an arena: it is read by otlp::read_value (whose `bytes` are, for an array or a map, the body
// of the ArrayValue or KeyValueList), and made by the functions here. An empty any is a value that
// is not set. Source: opentelemetry-proto common/v1.
namespace weir::editing {

// -- making --

std::string_view make_string(arena& memory, std::string_view text);
std::string_view make_bytes(arena& memory, std::string_view bytes);
std::string_view make_boolean(arena& memory, bool value);
std::string_view make_integer(arena& memory, std::int64_t value);
std::string_view make_real(arena& memory, double value);
std::string_view make_array(arena& memory, std::span<const std::string_view> anys);
/// Entries in the given order; keys are not compared.
std::string_view make_map(arena& memory,
                          std::span<const std::pair<std::string_view, std::string_view>> entries);
/// The any around the body of an ArrayValue or a KeyValueList that is there already.
std::string_view wrap_array(arena& memory, std::string_view array);
std::string_view wrap_map(arena& memory, std::string_view map);

// -- reading inside --

/// One entry of a map: a KeyValue message.
struct map_entry {
  std::string_view key;
  std::string_view any;
};
map_entry read_entry(std::string_view key_value) noexcept;

/// Calls `on_entry(key, any)` for each entry of a map's body, in wire order.
template <class OnEntry>
void for_each_entry(std::string_view map, OnEntry&& on_entry) {
  otlp::wire::for_each_field(map, [&](const otlp::wire::field& f) {
    if (f.number == 1 && f.type == otlp::wire::type::bytes) {
      const auto entry = read_entry(f.bytes);
      on_entry(entry.key, entry.any);
    }
  });
}

/// Calls `on_item(any)` for each item of an array's body.
template <class OnItem>
void for_each_item(std::string_view array, OnItem&& on_item) {
  otlp::wire::for_each_field(array, [&](const otlp::wire::field& f) {
    if (f.number == 1 && f.type == otlp::wire::type::bytes)
      on_item(f.bytes);
  });
}

/// The first entry of that key in a map's body.
std::optional<std::string_view> find_entry(std::string_view map, std::string_view key) noexcept;

/// The item `index` of an array's body.
std::optional<std::string_view> find_item(std::string_view array, std::uint64_t index) noexcept;

/// The text of a string value; "" of every other kind.
inline std::string_view string_of(std::string_view any) noexcept {
  const auto value = otlp::read_value(any);
  return value.kind == otlp::value_kind::string ? value.bytes : std::string_view{};
}

// -- as text --

/// Appends a value as the Collector writes it where text is asked for: a string as it is, numbers
/// as JSON has them, bytes in base64, arrays and maps as JSON with sorted keys, nothing for no
/// value. False, nothing appended: JSON has no such number as there is in an array or map.
///
/// `escape_html`: `<`, `>` and `&` in arrays and maps as "\u003c" and so on, as OTTL has it.
bool append_text(std::string& out, std::string_view any, bool escape_html = false);

/// The same; a string's own bytes where it is one, else written into `scratch`.
std::string_view text_of(std::string_view any, std::string& scratch);

/// Appends a text, truth value or number; a number without an exponent. False, nothing written: it
/// is something else.
bool append_scalar(std::string& out, std::string_view any);

/// A number as Go's JSON writes it: "1.5", "100", "1e+21"; "NaN", "Infinity", "-Infinity".
void append_real(std::string& out, double value);

} // namespace weir::editing
