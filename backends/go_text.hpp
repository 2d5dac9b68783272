#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// How Go prints values: the Collector's texts are made of these. Source: package fmt's %v and %f,
// strconv.FormatFloat, encoding/json, time.Time.String, each as documented for Go 1.
namespace weir::backends::go {

/// %v of a float64: the shortest digits that read back the same, with an exponent below 1e-4 and
/// from 1e6 on.
void append_v(std::string& out, double value);

/// %f: six digits behind the point.
void append_f(std::string& out, double value);

/// As encoding/json and ECMAScript have it: an exponent below 1e-6 and from 1e21 on, not padded.
/// "NaN", "Infinity", "-Infinity" without quotes.
void append_json_number(std::string& out, double value);

/// A JSON string with its quotes, escaped as encoding/json does without HTML escaping.
void append_json_text(std::string& out, std::string_view text);

/// time.Time.String() of nanoseconds since 1970, in UTC: "2024-01-23 17:54:41.5 +0000 UTC".
void append_time(std::string& out, std::uint64_t unix_ns);

/// Hexadecimal digits; nothing for an id of zeros alone.
void append_id(std::string& out, std::string_view id);

} // namespace weir::backends::go
