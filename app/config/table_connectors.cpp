#include "app/config/any_value.hpp"
#include "app/config/option_group.hpp"
#include "app/config/ottl_options.hpp"
#include "app/config/tables.hpp"
#include "connectors/routing.hpp"

#include <array>
#include <fmt/format.h>
#include <set>

// The options of connectors.
namespace weir::app {

namespace {

using ottl::context_kind;

/// A map of configurations by their names. One that is empty leaves the defaults.
template <class T, class V>
option<T> named(std::string_view name, std::vector<V> T::*member, table_of<V> table,
                std::string_view text) {
  auto made = list(name, member, table, text);
  made.read = [=](const section& map, T& out) {
    const auto* entry = map.value.find(name);
    if (entry == nullptr || entry->value.is_null())
      return;
    if (!entry->value.is_map())
      return map.refuse_type(name, entry->value, "a map", false);
    if (entry->value.entries.empty())
      return;
    (out.*member).clear();
    for (const auto& item : entry->value.entries) {
      if (item.key.empty())
        map.error(name, "found a metric without a name");
      auto& one = (out.*member).emplace_back(table().defaults);
      one.name = item.key;
      read_table(map.reports, table(), item.value, map.path_of(name) + "." + item.key, one);
    }
  };
  made.print = [=](YAML::Emitter& yaml, const T& value) {
    emit_key(yaml, name);
    begin_map(yaml);
    for (const auto& one : value.*member) {
      emit_key(yaml, one.name);
      print_table(yaml, table(), one);
    }
    end_map(yaml);
  };
  made.describe = [=](std::vector<reference_row>& rows, const std::string& path, const T&) {
    rows.push_back(detail::heading(path, name, "a map", text));
    describe_table(rows, table(), join_path(path, name) + ".<name>", table().defaults);
  };
  made.compare = [=](const T& now, const T& wanted, const std::string& path,
                     difference_list& found) {
    const auto names = [&](const T& t) {
      text_list all;
      for (const auto& one : t.*member)
        all.push_back(one.name);
      return all;
    };
    if (names(now) != names(wanted))
      return found.push_back({join_path(path, name)});
    for (std::size_t i = 0; i < (now.*member).size(); ++i)
      compare_table(table(), (now.*member)[i], (wanted.*member)[i],
                    join_path(path, name) + "." + (now.*member)[i].name, found);
  };
  return made;
}

// -- count --

const option_table<connectors::count_attribute>& count_attribute_options() {
  using c = connectors::count_attribute;
  static const option_table<c> table{{
      works("key", &c::key, {.required = true},
            "An attribute of the item, or else of its scope or resource. What lacks one of them is "
            "not counted."),
      any("default_value", &c::default_value, "Stands for it where it is not there."),
  }};
  return table;
}

template <weir::signal Kind, context_kind Context>
const option_table<connectors::count_metric>& count_metric_options() {
  using c = connectors::count_metric;
  static const option_table<c> table{{
      works("description", &c::description, "The metric's description."),
      ottl_conditions("conditions", &c::conditions, Kind, Context,
                      "One that holds is enough (docs/ottl.md); none: all are counted."),
      Context == context_kind::metric
          ? option<c>(refused("attributes", "metrics have no attributes to count by"))
          : list("attributes", &c::attributes, &count_attribute_options,
                 "Attributes that tell the metric's data points apart."),
  }};
  return table;
}

// -- routing --

/// "route() where x" -> "x"; "" where it is another statement.
std::string condition_of(const connectors::route_config& route) {
  if (route.statement.empty())
    return route.condition;
  return connectors::condition_in(route.statement);
}

const option_table<connectors::route_config>& route_options() {
  using c = connectors::route_config;
  static const option_table<c> table{
      {
          works("context", &c::context,
                {.one_of = {"resource", "span", "metric", "datapoint", "log", "request"}},
                "What the condition is about. `request`: a header of the request, as "
                "`request[\"x-tenant\"] == \"a\"`, with `include_metadata` of the receiver."),
          works("condition", &c::condition,
                "What holds it for goes to `pipelines` (docs/ottl.md)."),
          works("statement", &c::statement, "The same, as `route() where` and the condition."),
          choice("action", &c::action,
                 std::vector<named_value<connectors::route_action>>{
                     {"move", connectors::route_action::move},
                     {"copy", connectors::route_action::copy}},
                 "`copy`: what goes to `pipelines` is looked at by the next routes too."),
          works("pipelines", &c::pipelines, {.required = true}, "Who gets it."),
      },
      c{},
      [](const section& map, const c& route) {
        if (route.condition.empty() == route.statement.empty())
          map.error("", "found none or both of `condition` and `statement`, expected one");
        else if (condition_of(route).empty())
          map.error("statement",
                    "found another statement, expected `route() where` and a condition");
        else if (route.context == "request"
                 && !connectors::parse_request_condition(route.condition))
          map.error("condition",
                    "expected `request[\"name\"]`, `==` or `!=`, and a text in quotes");
      }};
  return table;
}

// -- spanmetrics --

const option_table<connectors::dimension_config>& dimension_options() {
  using c = connectors::dimension_config;
  static const option_table<c> table{{
      works("name", &c::name, {.required = true},
            "An attribute of the span, or else of its resource."),
      optional_text("default", &c::default_value,
                    "Stands for it where it is not there; absent: the series is without it."),
      refused("glob", "dimensions are named one by one"),
  }};
  return table;
}

const option_table<connectors::explicit_buckets>& explicit_options() {
  using c = connectors::explicit_buckets;
  static const option_table<c> table{
      {works("buckets", &c::buckets, "Durations, rising.")},
      c{},
      [](const section& map, const c& bounds) {
        std::chrono::nanoseconds last{-1};
        for (const auto& text : bounds.buckets) {
          std::chrono::nanoseconds value{};
          if (!parse_duration(text, value))
            return map.error(
                "buckets", fmt::format("found {}, expected durations such as `5ms`", quoted(text)));
          if (value <= last)
            return map.error("buckets", "expected bounds that rise");
          last = value;
        }
      }};
  return table;
}

const option_table<connectors::exponential_buckets>& exponential_options() {
  using c = connectors::exponential_buckets;
  static const option_table<c> table{{
      works("max_size", &c::max_size, {.min = "2", .max = "16384", .zero_is_default = true},
            "Buckets that a histogram may have; with more, it gets coarser."),
  }};
  return table;
}

const option_table<connectors::duration_histogram_config>& duration_histogram_options() {
  using c = connectors::duration_histogram_config;
  static const option_table<c> table{
      {
          works("disable", &c::disable, "No durations are measured."),
          choice("unit", &c::unit,
                 std::vector<named_value<connectors::duration_unit>>{
                     {"ms", connectors::duration_unit::ms}, {"s", connectors::duration_unit::s}},
                 "Of the durations."),
          block("explicit", &c::bounds, &explicit_options,
                "Buckets with given bounds; without both: 2ms to 15s."),
          block("exponential", &c::exponential, &exponential_options,
                "Buckets that fit themselves to the durations."),
          list("dimensions", &c::dimensions, &dimension_options,
               "Further ones of the durations alone.", listing::as_above),
      },
      c{},
      [](const section& map, const c& histogram) {
        if (histogram.bounds && histogram.exponential)
          map.error("", "found `explicit` and `exponential`, expected one of them");
      }};
  return table;
}

const option_table<connectors::exemplars_config>& exemplars_options() {
  using c = connectors::exemplars_config;
  static const option_table<c> table{{
      works("enabled", &c::enabled, "Data points name some of their spans."),
      works("max_per_data_point", &c::max_per_data_point, {.max = "1000"},
            "How many at the most, from one flush to the next."),
  }};
  return table;
}

const option_table<connectors::events_config>& events_options() {
  using c = connectors::events_config;
  static const option_table<c> table{
      {
          works("enabled", &c::enabled, "Span events are counted too."),
          list("dimensions", &c::dimensions, &dimension_options,
               "Attributes of the events, or else of the resource; at least one.",
               listing::as_above),
      },
      c{},
      [](const section& map, const c& events) {
        if (events.enabled && events.dimensions.empty())
          map.error("dimensions", "found none, expected at least one");
      }};
  return table;
}

void check_dimensions(const section& map, std::string_view option,
                      const std::vector<connectors::dimension_config>& dimensions) {
  std::set<std::string_view> names{"service.name", "span.name", "span.kind", "status.code",
                                   "collector.instance.id"};
  for (const auto& d : dimensions)
    if (!names.insert(d.name).second)
      map.error(option,
                fmt::format("found the dimension {} a second time, or as one that is always "
                            "there",
                            quoted(d.name)));
}

} // namespace

const option_table<connectors::forward_config>& forward_options() {
  static const option_table<connectors::forward_config> table{};
  return table;
}

const option_table<connectors::count_config>& count_options() {
  using c = connectors::count_config;
  static const option_table<c> table{{
      named("spans", &c::spans, &count_metric_options<signal::traces, context_kind::span>,
            "Metrics of spans, by name; absent: `trace.span.count`."),
      named("spanevents", &c::spanevents,
            &count_metric_options<signal::traces, context_kind::spanevent>,
            "Metrics of span events; absent: `trace.span.event.count`."),
      named("metrics", &c::metrics, &count_metric_options<signal::metrics, context_kind::metric>,
            "Metrics of metrics; absent: `metric.count`."),
      named("datapoints", &c::datapoints,
            &count_metric_options<signal::metrics, context_kind::datapoint>,
            "Metrics of data points; absent: `metric.datapoint.count`."),
      named("logs", &c::logs, &count_metric_options<signal::logs, context_kind::log>,
            "Metrics of log records; absent: `log.record.count`."),
      refused("profiles", "there are no pipelines of profiles"),
  }};
  return table;
}

const option_table<connectors::routing_config>& routing_options() {
  using c = connectors::routing_config;
  static const option_table<c> table{
      {
          works(
              "error_mode", &c::error_mode, {.one_of = {"ignore", "silent", "propagate"}},
              "An error in a condition: `ignore` logs it, `silent` does not, and it does not hold; "
              "`propagate` refuses the request."),
          works("default_pipelines", &c::default_pipelines,
                "Who gets what no route took; none: it is left out."),
          list("table", &c::table, &route_options, "The routes, tried in their order."),
      },
      c{},
      [](const section& map, const c& routing) {
        if (routing.table.empty())
          map.error("table", "found no routes, expected at least one");
      }};
  return table;
}

const option_table<connectors::spanmetrics_config>& spanmetrics_options() {
  using c = connectors::spanmetrics_config;
  static const option_table<c> table{
      {
          list("dimensions", &c::dimensions, &dimension_options,
               "Attributes that tell series apart, beside `service.name`, `span.name`, `span.kind` "
               "and `status.code`."),
          list("calls_dimensions", &c::calls_dimensions, &dimension_options,
               "Further ones of the calls alone.", listing::as_above),
          works("exclude_dimensions", &c::exclude_dimensions,
                "Of those that are always there: which are not."),
          no_effect_but("0", "dimensions_cache_size",
                        "`aggregation_cardinality_limit` is the limit"),
          works("resource_metrics_cache_size", &c::resource_metrics_cache_size,
                {.min = "1", .max = "1000000"},
                "Resources whose series are held; the one seen longest ago goes first."),
          works("resource_metrics_key_attributes", &c::resource_metrics_key_attributes,
                "Attributes that tell resources apart; none: all."),
          choice("aggregation_temporality", &c::aggregation_temporality,
                 std::vector<named_value<connectors::temporality>>{
                     {"AGGREGATION_TEMPORALITY_CUMULATIVE", connectors::temporality::cumulative},
                     {"AGGREGATION_TEMPORALITY_DELTA", connectors::temporality::delta}},
                 "Whether series go on, or begin anew with each flush."),
          block("histogram", &c::histogram, &duration_histogram_options),
          works("metrics_flush_interval", &c::metrics_flush_interval, {.min = "1s", .max = "24h"},
                "How often metrics are made."),
          works("metrics_expiration", &c::metrics_expiration,
                "Resources not seen for that long go; 0: never."),
          works("series_expiration", &c::series_expiration,
                "Series not seen for that long go; 0: never."),
          works("metric_timestamp_cache_size", &c::metric_timestamp_cache_size,
                {.min = "1", .max = "1000000"},
                "Delta series whose last flush is remembered, so that the next begins there."),
          works("namespace", &c::namespace_, "Begins the metrics' names; may be empty."),
          block("exemplars", &c::exemplars, &exemplars_options),
          block("events", &c::events, &events_options),
          works("include_instrumentation_scope", &c::include_instrumentation_scope,
                "Names of scopes that become attributes of the series of their spans."),
          works("aggregation_cardinality_limit", &c::aggregation_cardinality_limit,
                {.max = "10000000"},
                "Series of a resource and metric; what is beyond goes to one with "
                "`otel.metric.overflow`. 0: none but that of all together (docs/connectors.md)."),
          works("add_resource_attributes", &c::add_resource_attributes,
                "The resource's attributes are on the metrics' resource in any case."),
          works(
              "enable_metrics_sampling_method", &c::enable_metrics_sampling_method,
              "`sampling.method` says whether a count was extrapolated by the spans' thresholds."),
      },
      c{},
      [](const section& map, const c& config) {
        check_dimensions(map, "dimensions", config.dimensions);
        check_dimensions(map, "calls_dimensions", config.calls_dimensions);
        check_dimensions(map, "histogram", config.histogram.dimensions);
        check_dimensions(map, "events", config.events.dimensions);
      }};
  return table;
}

} // namespace weir::app
