#pragma once

#include "core/signal.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// Every OTLP message of traces, metrics and logs, declared once (schema.cpp). The deep check of
// wire bytes and both directions of JSON are driven by it. Source: opentelemetry-proto: common,
// resource, trace, metrics, logs (v1). The collector's Export…Request messages are the same on the
// wire as TracesData, MetricsData and LogsData.
namespace weir::otlp {

enum class message_id : std::uint8_t {
  none, ///< A message of which nothing is known: it has no fields.
  any_value,
  array_value,
  key_value_list,
  key_value,
  instrumentation_scope,
  entity_ref,
  resource,
  traces_data,
  resource_spans,
  scope_spans,
  span,
  span_event,
  span_link,
  status,
  metrics_data,
  resource_metrics,
  scope_metrics,
  metric,
  gauge,
  sum,
  histogram,
  exponential_histogram,
  summary,
  number_data_point,
  histogram_data_point,
  exponential_histogram_data_point,
  buckets,
  summary_data_point,
  value_at_quantile,
  exemplar,
  logs_data,
  resource_logs,
  scope_logs,
  log_record,
};

inline constexpr std::size_t message_count = static_cast<std::size_t>(message_id::log_record) + 1;

/// What a field's values are, and so how they look on the wire and in JSON.
enum class field_kind : std::uint8_t {
  message,
  string,
  bytes,
  trace_id, ///< bytes: 16 of them or none; hexadecimal in JSON.
  span_id,  ///< bytes: 8 of them or none; hexadecimal in JSON.
  boolean,
  enumeration,
  uint32,
  int64,
  uint64,
  sint32,
  fixed32,
  fixed64,
  sfixed64,
  real, ///< double
};

enum class enum_id : std::uint8_t { none, span_kind, status_code, temporality, severity };

/// One name of an enum's value, with its prefix: "SPAN_KIND_SERVER".
struct enum_name {
  std::string_view name;
  std::int32_t value;
};

/// One field of a message.
struct field_info {
  std::uint16_t number = 0;
  field_kind kind = field_kind::message;
  bool repeated = false;  ///< A list. Of numbers: packed when written, taken either way.
  bool in_oneof = false;  ///< One of a oneof's members (each message has one oneof at most).
  bool old_form = false;  ///< Deprecated; counts only where the new field is absent.
  message_id message{};   ///< The sub-message of kind message.
  enum_id enumeration{};  ///< The enum of kind enumeration.
  std::string_view name;  ///< As in the .proto: "trace_id".
  std::string_view alias; ///< An older name that JSON may use, or empty.
  std::string json_name;  ///< lowerCamelCase of `name`: "traceId".
  std::string json_alias; ///< The same of `alias`.
};

/// One message: its fields by rising number.
struct message_info {
  std::string_view name;
  std::vector<field_info> fields;

  /// The field of a number, or nullptr.
  const field_info* find(std::uint32_t number) const noexcept;

  /// The field that a JSON key names, in lowerCamelCase or as in the .proto, or nullptr.
  const field_info* find_json(std::string_view key) const noexcept;
};

/// What the schema says of a message.
const message_info& info(message_id id) noexcept;

/// The names of an enum's values.
std::span<const enum_name> names(enum_id id) noexcept;

/// The outermost message of a signal: TracesData, MetricsData, LogsData.
constexpr message_id root_of(signal s) noexcept {
  switch (s) {
  case signal::traces:
    return message_id::traces_data;
  case signal::metrics:
    return message_id::metrics_data;
  case signal::logs:
    return message_id::logs_data;
  }
  return message_id::none;
}

} // namespace weir::otlp
