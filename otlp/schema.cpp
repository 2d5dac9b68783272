#include "otlp/schema.hpp"

#include <array>

namespace weir::otlp {

namespace {

using enum field_kind;
using id = message_id;

// What a line of the table says of its field beyond number, kind and name.
struct line {
  std::uint16_t number;
  field_kind kind;
  std::string_view name;
  message_id message = id::none;
  bool repeated = false;
  bool in_oneof = false;
  bool old_form = false;
  enum_id enumeration = enum_id::none;
  std::string_view alias = {};

  constexpr line of(message_id m) const {
    auto l = *this;
    l.message = m;
    return l;
  }
  constexpr line of(enum_id e) const {
    auto l = *this;
    l.enumeration = e;
    return l;
  }
  constexpr line list() const {
    auto l = *this;
    l.repeated = true;
    return l;
  }
  constexpr line one() const {
    auto l = *this;
    l.in_oneof = true;
    return l;
  }
  constexpr line old() const {
    auto l = *this;
    l.old_form = true;
    return l;
  }
  constexpr line also(std::string_view a) const {
    auto l = *this;
    l.alias = a;
    return l;
  }
};

constexpr line attributes(std::uint16_t number, std::string_view name = "attributes") {
  return line{number, message, name}.of(id::key_value).list();
}

constexpr line dropped(std::uint16_t number, std::string_view name) {
  return {number, uint32, name};
}

constexpr line any_value[] = {
    line{1, string, "string_value"}.one(),
    line{2, boolean, "bool_value"}.one(),
    line{3, int64, "int_value"}.one(),
    line{4, real, "double_value"}.one(),
    line{5, message, "array_value"}.of(id::array_value).one(),
    line{6, message, "kvlist_value"}.of(id::key_value_list).one(),
    line{7, bytes, "bytes_value"}.one(),
};
constexpr line array_value[] = {line{1, message, "values"}.of(id::any_value).list()};
constexpr line key_value_list[] = {line{1, message, "values"}.of(id::key_value).list()};
constexpr line key_value[] = {
    {1, string, "key"},
    line{2, message, "value"}.of(id::any_value),
};
constexpr line instrumentation_scope[] = {
    {1, string, "name"},
    {2, string, "version"},
    attributes(3),
    dropped(4, "dropped_attributes_count"),
};
constexpr line entity_ref[] = {
    {1, string, "schema_url"},
    {2, string, "type"},
    line{3, string, "id_keys"}.list(),
    line{4, string, "description_keys"}.list(),
};
constexpr line resource[] = {
    attributes(1),
    dropped(2, "dropped_attributes_count"),
    line{3, message, "entity_refs"}.of(id::entity_ref).list(),
};

// Shared by the three signals: field 1 of what wraps a scope had another name before proto 0.15.
constexpr line resource_field = line{1, message, "resource"}.of(id::resource);
constexpr line scope_field =
    line{1, message, "scope"}.of(id::instrumentation_scope).also("instrumentation_library");
constexpr line schema_url = {3, string, "schema_url"};

constexpr line traces_data[] = {line{1, message, "resource_spans"}.of(id::resource_spans).list()};
constexpr line resource_spans[] = {
    resource_field,
    line{2, message, "scope_spans"}.of(id::scope_spans).list(),
    schema_url,
    line{1000, message, "instrumentation_library_spans"}.of(id::scope_spans).list().old(),
};
constexpr line scope_spans[] = {
    scope_field,
    line{2, message, "spans"}.of(id::span).list(),
    schema_url,
};
constexpr line span[] = {
    {1, trace_id, "trace_id"},
    {2, span_id, "span_id"},
    {3, string, "trace_state"},
    {4, span_id, "parent_span_id"},
    {5, string, "name"},
    line{6, enumeration, "kind"}.of(enum_id::span_kind),
    {7, fixed64, "start_time_unix_nano"},
    {8, fixed64, "end_time_unix_nano"},
    attributes(9),
    dropped(10, "dropped_attributes_count"),
    line{11, message, "events"}.of(id::span_event).list(),
    dropped(12, "dropped_events_count"),
    line{13, message, "links"}.of(id::span_link).list(),
    dropped(14, "dropped_links_count"),
    line{15, message, "status"}.of(id::status),
    {16, fixed32, "flags"},
};
constexpr line span_event[] = {
    {1, fixed64, "time_unix_nano"},
    {2, string, "name"},
    attributes(3),
    dropped(4, "dropped_attributes_count"),
};
constexpr line span_link[] = {
    {1, trace_id, "trace_id"},
    {2, span_id, "span_id"},
    {3, string, "trace_state"},
    attributes(4),
    dropped(5, "dropped_attributes_count"),
    {6, fixed32, "flags"},
};
constexpr line status[] = {
    {2, string, "message"},
    line{3, enumeration, "code"}.of(enum_id::status_code),
};

constexpr line metrics_data[] = {
    line{1, message, "resource_metrics"}.of(id::resource_metrics).list()};
constexpr line resource_metrics[] = {
    resource_field,
    line{2, message, "scope_metrics"}.of(id::scope_metrics).list(),
    schema_url,
    line{1000, message, "instrumentation_library_metrics"}.of(id::scope_metrics).list().old(),
};
constexpr line scope_metrics[] = {
    scope_field,
    line{2, message, "metrics"}.of(id::metric).list(),
    schema_url,
};
constexpr line metric[] = {
    {1, string, "name"},
    {2, string, "description"},
    {3, string, "unit"},
    line{5, message, "gauge"}.of(id::gauge).one(),
    line{7, message, "sum"}.of(id::sum).one(),
    line{9, message, "histogram"}.of(id::histogram).one(),
    line{10, message, "exponential_histogram"}.of(id::exponential_histogram).one(),
    line{11, message, "summary"}.of(id::summary).one(),
    attributes(12, "metadata"),
};

constexpr line points(message_id m) {
  return line{1, message, "data_points"}.of(m).list();
}

constexpr line temporality =
    line{2, enumeration, "aggregation_temporality"}.of(enum_id::temporality);

constexpr line gauge[] = {points(id::number_data_point)};
constexpr line sum[] = {points(id::number_data_point), temporality, {3, boolean, "is_monotonic"}};
constexpr line histogram[] = {points(id::histogram_data_point), temporality};
constexpr line exponential_histogram[] = {points(id::exponential_histogram_data_point),
                                          temporality};
constexpr line summary[] = {points(id::summary_data_point)};

constexpr line start_time = {2, fixed64, "start_time_unix_nano"};
constexpr line point_time = {3, fixed64, "time_unix_nano"};

constexpr line exemplars(std::uint16_t number) {
  return line{number, message, "exemplars"}.of(id::exemplar).list();
}

constexpr line number_data_point[] = {
    start_time,
    point_time,
    line{4, real, "as_double"}.one(),
    exemplars(5),
    line{6, sfixed64, "as_int"}.one(),
    attributes(7),
    {8, uint32, "flags"},
};
constexpr line histogram_data_point[] = {
    start_time,
    point_time,
    {4, fixed64, "count"},
    {5, real, "sum"},
    line{6, fixed64, "bucket_counts"}.list(),
    line{7, real, "explicit_bounds"}.list(),
    exemplars(8),
    attributes(9),
    {10, uint32, "flags"},
    {11, real, "min"},
    {12, real, "max"},
};
constexpr line exponential_histogram_data_point[] = {
    attributes(1),
    start_time,
    point_time,
    {4, fixed64, "count"},
    {5, real, "sum"},
    {6, sint32, "scale"},
    {7, fixed64, "zero_count"},
    line{8, message, "positive"}.of(id::buckets),
    line{9, message, "negative"}.of(id::buckets),
    {10, uint32, "flags"},
    exemplars(11),
    {12, real, "min"},
    {13, real, "max"},
    {14, real, "zero_threshold"},
};
constexpr line buckets[] = {{1, sint32, "offset"}, line{2, uint64, "bucket_counts"}.list()};
constexpr line summary_data_point[] = {
    start_time,
    point_time,
    {4, fixed64, "count"},
    {5, real, "sum"},
    line{6, message, "quantile_values"}.of(id::value_at_quantile).list(),
    attributes(7),
    {8, uint32, "flags"},
};
constexpr line value_at_quantile[] = {{1, real, "quantile"}, {2, real, "value"}};
constexpr line exemplar[] = {
    {2, fixed64, "time_unix_nano"},    line{3, real, "as_double"}.one(),
    {4, span_id, "span_id"},           {5, trace_id, "trace_id"},
    line{6, sfixed64, "as_int"}.one(), attributes(7, "filtered_attributes"),
};

constexpr line logs_data[] = {line{1, message, "resource_logs"}.of(id::resource_logs).list()};
constexpr line resource_logs[] = {
    resource_field,
    line{2, message, "scope_logs"}.of(id::scope_logs).list(),
    schema_url,
    line{1000, message, "instrumentation_library_logs"}.of(id::scope_logs).list().old(),
};
constexpr line scope_logs[] = {
    scope_field,
    line{2, message, "log_records"}.of(id::log_record).list(),
    schema_url,
};
constexpr line log_record[] = {
    {1, fixed64, "time_unix_nano"},
    line{2, enumeration, "severity_number"}.of(enum_id::severity),
    {3, string, "severity_text"},
    line{5, message, "body"}.of(id::any_value),
    attributes(6),
    dropped(7, "dropped_attributes_count"),
    {8, fixed32, "flags"},
    {9, trace_id, "trace_id"},
    {10, span_id, "span_id"},
    {11, fixed64, "observed_time_unix_nano"},
    {12, string, "event_name"},
};

struct declaration {
  std::string_view name;
  std::span<const line> lines;
};

// In the order of message_id.
constexpr std::array<declaration, message_count> declarations = {{
    {"", {}},
    {"AnyValue", any_value},
    {"ArrayValue", array_value},
    {"KeyValueList", key_value_list},
    {"KeyValue", key_value},
    {"InstrumentationScope", instrumentation_scope},
    {"EntityRef", entity_ref},
    {"Resource", resource},
    {"TracesData", traces_data},
    {"ResourceSpans", resource_spans},
    {"ScopeSpans", scope_spans},
    {"Span", span},
    {"Event", span_event},
    {"Link", span_link},
    {"Status", status},
    {"MetricsData", metrics_data},
    {"ResourceMetrics", resource_metrics},
    {"ScopeMetrics", scope_metrics},
    {"Metric", metric},
    {"Gauge", gauge},
    {"Sum", sum},
    {"Histogram", histogram},
    {"ExponentialHistogram", exponential_histogram},
    {"Summary", summary},
    {"NumberDataPoint", number_data_point},
    {"HistogramDataPoint", histogram_data_point},
    {"ExponentialHistogramDataPoint", exponential_histogram_data_point},
    {"Buckets", buckets},
    {"SummaryDataPoint", summary_data_point},
    {"ValueAtQuantile", value_at_quantile},
    {"Exemplar", exemplar},
    {"LogsData", logs_data},
    {"ResourceLogs", resource_logs},
    {"ScopeLogs", scope_logs},
    {"LogRecord", log_record},
}};

std::string camel(std::string_view snake) {
  std::string result;
  bool upper = false;
  for (char c : snake) {
    if (c == '_') {
      upper = true;
      continue;
    }
    result.push_back(upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
    upper = false;
  }
  return result;
}

std::vector<message_info> build() {
  std::vector<message_info> result;
  for (const auto& d : declarations) {
    message_info m{d.name, {}};
    for (const line& l : d.lines)
      m.fields.push_back({l.number, l.kind, l.repeated, l.in_oneof, l.old_form, l.message,
                          l.enumeration, l.name, l.alias, camel(l.name), camel(l.alias)});
    result.push_back(std::move(m));
  }
  return result;
}

} // namespace

const field_info* message_info::find(std::uint32_t number) const noexcept {
  for (const auto& f : fields)
    if (f.number == number)
      return &f;
  return nullptr;
}

const field_info* message_info::find_json(std::string_view key) const noexcept {
  for (const auto& f : fields)
    if (f.json_name == key || f.name == key)
      return &f;
  if (!key.empty())
    for (const auto& f : fields)
      if (f.json_alias == key || f.alias == key)
        return &f;
  return nullptr;
}

const message_info& info(message_id id) noexcept {
  static const auto messages = build();
  return messages[static_cast<std::size_t>(id)];
}

} // namespace weir::otlp
