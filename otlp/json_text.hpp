#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// The texts inside JSON values: strings, hexadecimal, numbers.
namespace weir::otlp {

/// Appends what a JSON string means, given what stands between its quotes. Half a surrogate pair
/// becomes U+FFFD (JavaScript makes such). False on an escape that does not exist.
bool append_unescaped(std::string_view raw, std::string& out);

/// Appends a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, each run of a
/// broken sequence one.
void append_quoted(std::string_view text, std::string& out);

/// How many bytes stand before the first one that is no part of well-formed UTF-8.
std::size_t count_utf8(std::string_view text) noexcept;

/// Offset of the first control character inside a string of a JSON document; its size where there
/// is none.
std::size_t find_raw_control(std::string_view document) noexcept;

/// Appends the bytes that hexadecimal digits of any case stand for; false on anything else.
bool append_from_hex(std::string_view hex, std::string& out);

/// Appends lower-case hexadecimal digits.
void append_hex(std::string_view bytes, std::string& out);

/// Appends a double in the shortest form that reads back the same; "NaN", "Infinity" and
/// "-Infinity" with quotes.
void append_double(double value, std::string& out);

void append_integer(std::int64_t value, std::string& out);
void append_integer(std::uint64_t value, std::string& out);

} // namespace weir::otlp
