#pragma once

#include <cstdint>
#include <string_view>

namespace weir::otlp {

/// The fixed fields of a span that sampling asks for, read in one walk over its body.
struct span_summary {
  std::uint64_t start_ns = 0;
  std::uint64_t end_ns = 0;
  std::uint32_t flags = 0;
  std::uint8_t kind = 0;
  std::uint8_t status_code = 0; ///< 0 unset, 1 ok, 2 error.
  bool is_root = true;          ///< No parent span id.
  std::string_view name;
  std::string_view trace_state;
};

enum class value_kind : std::uint8_t { none, string, boolean, integer, real, array, map, bytes };

/// An attribute's value as it stands on the wire, without copying.
struct value_ref {
  value_kind kind = value_kind::none;
  std::string_view bytes; ///< string and bytes: the content; array and map: the message body.
  std::int64_t integer = 0;
  double real = 0;
  bool boolean = false;
};

/// Reads the body of an AnyValue message (an array's element, say). The last member set counts, as
/// protobuf has it.
value_ref read_value(std::string_view any_value) noexcept;

/// Reads one span body. `on_attribute(std::string_view key, const value_ref&)` is called for each
/// attribute in wire order. @pre the body was checked by scan_traces
template <class OnAttribute>
span_summary read_span(std::string_view body, OnAttribute&& on_attribute);

/// Without attributes: those are skipped, not decoded.
span_summary read_span(std::string_view body);

/// Calls `on_attribute(key, value)` for each attribute of the Resource inside a resource envelope.
template <class OnAttribute>
void read_resource_attributes(std::string_view resource_envelope, OnAttribute&& on_attribute);

} // namespace weir::otlp

#include "otlp/features.ipp"
