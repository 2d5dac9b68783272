#pragma once

#include "otlp/wire.hpp"

#include <initializer_list>
#include <string>
#include <string_view>

// Protobuf bytes by hand, for tests that say byte by byte what comes in.
namespace weir::otlp::test {

inline std::string field(std::uint32_t number, std::string_view bytes) {
  std::string out;
  wire::append_bytes_field(out, number, bytes);
  return out;
}

inline std::string varint(std::uint32_t number, std::uint64_t value) {
  std::string out;
  wire::append_varint_field(out, number, value);
  return out;
}

inline std::string fixed64(std::uint32_t number, std::uint64_t value) {
  std::string out;
  wire::append_fixed64_field(out, number, value);
  return out;
}

/// A KeyValue body of a string.
inline std::string attribute(std::string_view key, std::string_view value) {
  return field(1, key) + field(2, field(1, value));
}

/// Ids of one repeated letter.
inline std::string trace(char c) {
  return std::string(16, c);
}
inline std::string id(char c) {
  return std::string(8, c);
}

/// The body of a Span with these ids and a name.
inline std::string span(char trace_letter, char span_letter, std::string_view name = "s") {
  return field(1, trace(trace_letter)) + field(2, id(span_letter)) + field(5, name);
}

/// A ResourceSpans field of TracesData: a resource with a service name, one scope, these span
/// bodies.
inline std::string request(std::initializer_list<std::string> spans,
                           std::string_view service = "shop") {
  std::string scope = field(1, field(1, "tracer"));
  for (const auto& s : spans)
    scope += field(2, s);
  return field(1, field(1, field(1, attribute("service.name", service))) + field(2, scope));
}

} // namespace weir::otlp::test
