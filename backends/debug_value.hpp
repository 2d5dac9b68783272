#pragma once

#include "backends/message_view.hpp"

#include <string>
#include <string_view>

// Attribute values as the Collector's debug exporter prints them.
namespace weir::backends {

/// A value's text alone: maps and lists as JSON with sorted keys, bytes as base64, nothing for an
/// empty value.
void append_value(std::string& out, message_view any_value);

/// With its type around it: "Str(a)", "Int(1)", "Empty()".
void append_typed_value(std::string& out, message_view any_value);

/// The message that `any_value` or `key_value.value` has; an absent one is an empty value.
inline message_view value_of(message_view key_value) {
  return key_value.message(2);
}

} // namespace weir::backends
