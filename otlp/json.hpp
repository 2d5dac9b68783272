#pragma once

#include "core/error.hpp"
#include "core/signal.hpp"
#include "otlp/scan.hpp"

#include <string>
#include <string_view>

namespace weir::otlp {

/// Turns OTLP/JSON into the protobuf bytes of the same message, appended to `out`, in one pass. On
/// an error `out` is as it was, and the offset counts bytes of `json`.
///
/// - Keys in lowerCamelCase or snake_case; unknown keys are skipped at every level; null means
/// absent; as an element of a list it is an empty one that keeps its place (of numbers: an error).
/// - Ids are hexadecimal of any case ("" is an empty one, that is none). Other bytes are base64,
/// standard or url-safe.
/// - Integers are numbers or decimal strings of any form that says a whole number (1000.0, "1e3");
/// enums are numbers or names; doubles may be "NaN",
///   "Infinity", "-Infinity".
/// - A key that stands twice acts as a field that stands twice in protobuf: of single values (and
/// of
///   the members of a oneof) the last counts, messages merge, lists grow.
/// - instrumentationLibrarySpans (…Metrics, …Logs) and instrumentationLibrary are taken as
/// scopeSpans
///   and scope, the former where there are no scopeSpans.
///
/// Lengths of ids are not checked here: scan_traces and check_items do. Any thread.
/// Source: opentelemetry-specification, protocol/otlp.md, "JSON Protobuf Encoding".
tl::expected<void, parse_error> from_json(signal kind, std::string_view json, std::string& out,
                                          const scan_limits& limits = {});

/// Turns the protobuf bytes of an OTLP message into OTLP/JSON without spaces, appended to `out`:
/// lowerCamelCase keys, ids in lower-case hexadecimal, 64-bit integers as strings, enums as
/// numbers, doubles in the shortest form that reads back the same. What is not UTF-8 becomes
/// U+FFFD; unknown fields are left out. Only malformed bytes and nesting over 100 messages are
/// errors. Any thread.
result<void> to_json(signal kind, std::string_view message, std::string& out);

} // namespace weir::otlp
