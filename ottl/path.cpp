#include "ottl/path.hpp"

#include <array>

namespace weir::ottl {

namespace {

struct named_context {
  std::string_view name;
  context_kind context;
};
constexpr std::array<named_context, 8> contexts{{{"resource", context_kind::resource},
                                                 {"scope", context_kind::scope},
                                                 {"span", context_kind::span},
                                                 {"spanevent", context_kind::spanevent},
                                                 {"metric", context_kind::metric},
                                                 {"datapoint", context_kind::datapoint},
                                                 {"log", context_kind::log},
                                                 {"instrumentation_scope", context_kind::scope}}};

constexpr bool read_only = false;

std::vector<path_info> make_paths() {
  using enum context_kind;
  using enum access;
  using t = value_type;
  std::vector<path_info> paths;
  const auto add = [&](context_kind kind, std::string_view name, access access, std::uint8_t field,
                       t type, bool writable = true, bool has_keys = false) {
    paths.push_back({kind, name, access, field, type, writable, has_keys});
  };
  const auto maps = [&](context_kind kind) {
    add(kind, "attributes", attributes, 0, t::map, true, true);
    add(kind, "cache", cache, 0, t::map, true, true);
  };

  maps(resource);
  add(resource, "dropped_attributes_count", varint, 2, t::integer);

  maps(scope);
  add(scope, "name", text, 1, t::string);
  add(scope, "version", text, 2, t::string);
  add(scope, "dropped_attributes_count", varint, 4, t::integer);

  maps(span);
  add(span, "trace_id", access::trace_id, 1, t::trace_id);
  add(span, "trace_id.string", trace_id_text, 1, t::string);
  add(span, "span_id", access::span_id, 2, t::span_id);
  add(span, "span_id.string", span_id_text, 2, t::string);
  add(span, "parent_span_id", access::span_id, 4, t::span_id);
  add(span, "parent_span_id.string", span_id_text, 4, t::string);
  add(span, "trace_state", trace_state, 3, t::string, true, true);
  add(span, "name", text, 5, t::string);
  add(span, "kind", varint, 6, t::integer);
  add(span, "kind.string", kind_text, 6, t::string);
  add(span, "kind.deprecated_string", kind_old_text, 6, t::string);
  add(span, "start_time_unix_nano", fixed64, 7, t::integer);
  add(span, "end_time_unix_nano", fixed64, 8, t::integer);
  add(span, "start_time", access::time, 7, t::time);
  add(span, "end_time", access::time, 8, t::time);
  add(span, "status.code", status_code, 15, t::integer);
  add(span, "status.message", status_message, 15, t::string);
  add(span, "flags", fixed32, 16, t::integer);
  add(span, "dropped_attributes_count", varint, 10, t::integer);
  add(span, "dropped_events_count", varint, 12, t::integer);
  add(span, "dropped_links_count", varint, 14, t::integer);
  add(span, "events", messages, 11, t::items, read_only);
  add(span, "links", messages, 13, t::items, read_only);

  maps(spanevent);
  add(spanevent, "name", text, 2, t::string);
  add(spanevent, "time_unix_nano", fixed64, 1, t::integer);
  add(spanevent, "time", access::time, 1, t::time);
  add(spanevent, "dropped_attributes_count", varint, 4, t::integer);
  add(spanevent, "event_index", event_index, 0, t::integer, read_only);

  add(metric, "cache", cache, 0, t::map, true, true);
  add(metric, "metadata", attributes, 0, t::map, true, true);
  add(metric, "name", text, 1, t::string);
  add(metric, "description", text, 2, t::string);
  add(metric, "unit", text, 3, t::string);
  add(metric, "type", metric_type, 0, t::integer, read_only);
  add(metric, "aggregation_temporality", metric_varint, 2, t::integer);
  add(metric, "is_monotonic", metric_boolean, 3, t::boolean);
  add(metric, "data_points", metric_points, 1, t::items, read_only);

  maps(datapoint);
  add(datapoint, "start_time_unix_nano", point_start, 0, t::integer);
  add(datapoint, "time_unix_nano", point_time_nano, 3, t::integer);
  add(datapoint, "start_time", point_start_time, 2, t::time);
  add(datapoint, "time", point_time, 3, t::time);
  add(datapoint, "value_double", point_real, 4, t::real);
  add(datapoint, "value_int", point_integer, 6, t::integer);
  add(datapoint, "flags", point_flags, 0, t::integer);
  add(datapoint, "count", point_count, 4, t::integer);
  add(datapoint, "sum", point_sum, 5, t::real);
  add(datapoint, "scale", point_scale, 6, t::integer);
  add(datapoint, "zero_count", point_zero_count, 7, t::integer);
  add(datapoint, "bucket_counts", point_buckets, 6, t::list, read_only);
  add(datapoint, "explicit_bounds", point_bounds, 7, t::list, read_only);
  add(datapoint, "exemplars", point_exemplars, 0, t::items, read_only);

  maps(log);
  add(log, "body", body, 5, t::nil, true, true);
  add(log, "body.string", body_text, 5, t::string);
  add(log, "severity_number", varint, 2, t::integer);
  add(log, "severity_text", text, 3, t::string);
  add(log, "time_unix_nano", fixed64, 1, t::integer);
  add(log, "observed_time_unix_nano", fixed64, 11, t::integer);
  add(log, "time", access::time, 1, t::time);
  add(log, "observed_time", access::time, 11, t::time);
  add(log, "trace_id", access::trace_id, 9, t::trace_id);
  add(log, "trace_id.string", trace_id_text, 9, t::string);
  add(log, "span_id", access::span_id, 10, t::span_id);
  add(log, "span_id.string", span_id_text, 10, t::string);
  add(log, "flags", fixed32, 8, t::integer);
  add(log, "event_name", text, 12, t::string);
  add(log, "dropped_attributes_count", varint, 7, t::integer);
  return paths;
}

struct enumerator {
  std::string_view name;
  std::int64_t value;
};

constexpr std::array<enumerator, 9> of_spans{{{"SPAN_KIND_UNSPECIFIED", 0},
                                              {"SPAN_KIND_INTERNAL", 1},
                                              {"SPAN_KIND_SERVER", 2},
                                              {"SPAN_KIND_CLIENT", 3},
                                              {"SPAN_KIND_PRODUCER", 4},
                                              {"SPAN_KIND_CONSUMER", 5},
                                              {"STATUS_CODE_UNSET", 0},
                                              {"STATUS_CODE_OK", 1},
                                              {"STATUS_CODE_ERROR", 2}}};

constexpr std::array<enumerator, 9> of_metrics{{{"AGGREGATION_TEMPORALITY_UNSPECIFIED", 0},
                                                {"AGGREGATION_TEMPORALITY_DELTA", 1},
                                                {"AGGREGATION_TEMPORALITY_CUMULATIVE", 2},
                                                {"METRIC_DATA_TYPE_NONE", 0},
                                                {"METRIC_DATA_TYPE_GAUGE", 1},
                                                {"METRIC_DATA_TYPE_SUM", 2},
                                                {"METRIC_DATA_TYPE_HISTOGRAM", 3},
                                                {"METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM", 4},
                                                {"METRIC_DATA_TYPE_SUMMARY", 5}}};

constexpr std::array<enumerator, 2> of_points{{{"FLAG_NONE", 0}, {"FLAG_NO_RECORDED_VALUE", 1}}};

constexpr std::array<std::string_view, 6> severities{"TRACE", "DEBUG", "INFO",
                                                     "WARN",  "ERROR", "FATAL"};

template <std::size_t N>
std::optional<std::int64_t> find_in(const std::array<enumerator, N>& all, std::string_view name) {
  for (const auto& e : all)
    if (e.name == name)
      return e.value;
  return std::nullopt;
}

/// SEVERITY_NUMBER_WARN3: four of each, the first without a number.
std::optional<std::int64_t> find_severity(std::string_view name) {
  constexpr std::string_view prefix = "SEVERITY_NUMBER_";
  if (!name.starts_with(prefix))
    return std::nullopt;
  name.remove_prefix(prefix.size());
  if (name == "UNSPECIFIED")
    return 0;
  for (std::size_t i = 0; i < severities.size(); ++i) {
    if (!name.starts_with(severities[i]))
      continue;
    const auto rest = name.substr(severities[i].size());
    if (rest.empty())
      return static_cast<std::int64_t>(4 * i + 1);
    if (rest.size() == 1 && rest[0] >= '2' && rest[0] <= '4')
      return static_cast<std::int64_t>(4 * i) + (rest[0] - '0');
  }
  return std::nullopt;
}

} // namespace

std::string_view to_string(context_kind c) noexcept {
  return contexts[static_cast<std::size_t>(c)].name;
}

std::optional<context_kind> context_named(std::string_view name) noexcept {
  for (const auto& c : contexts)
    if (c.name == name)
      return c.context;
  return std::nullopt;
}

bool sees(context_kind kind, context_kind other) noexcept {
  if (kind == other || other == context_kind::resource)
    return true;
  if (kind == context_kind::resource)
    return false;
  return other == context_kind::scope
         || (kind == context_kind::spanevent && other == context_kind::span)
         || (kind == context_kind::datapoint && other == context_kind::metric);
}

const std::vector<path_info>& all_paths() {
  static const auto paths = make_paths();
  return paths;
}

const path_info* find_path(context_kind kind, std::string_view name) noexcept {
  for (const auto& p : all_paths())
    if (p.context == kind && p.name == name)
      return &p;
  return nullptr;
}

std::optional<std::int64_t> find_enumerator(context_kind kind, std::string_view name) noexcept {
  switch (kind) {
  case context_kind::span:
  case context_kind::spanevent:
    return find_in(of_spans, name);
  case context_kind::datapoint:
    if (const auto flag = find_in(of_points, name))
      return flag;
    return find_in(of_metrics, name);
  case context_kind::metric:
    return find_in(of_metrics, name);
  case context_kind::log:
    return find_severity(name);
  default:
    return std::nullopt;
  }
}

} // namespace weir::ottl
