#pragma once

#include "processors/config.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What the file says of the connectors. Names and defaults are the Collector's.
namespace weir::connectors {

/// `forward`: what came, as it is.
struct forward_config {};

enum class route_action : std::uint8_t { move, copy };

/// One of `routing.table`.
struct route_config {
  std::string context = "resource";
  std::string statement; ///< One of the two is given.
  std::string condition;
  route_action action = route_action::move;
  std::vector<std::string> pipelines;
};

struct routing_config {
  std::string error_mode = "propagate";
  std::vector<std::string> default_pipelines;
  std::vector<route_config> table;
};

/// One of `count.….attributes`.
struct count_attribute {
  std::string key;
  processors::any_value default_value;
};

/// One of the metrics that `count` makes.
struct count_metric {
  std::string name;
  std::string description;
  std::vector<std::string> conditions;
  std::vector<count_attribute> attributes;
};

struct count_config {
  std::vector<count_metric> spans{{"trace.span.count", "The number of spans observed.", {}, {}}};
  std::vector<count_metric> spanevents{
      {"trace.span.event.count", "The number of span events observed.", {}, {}}};
  std::vector<count_metric> metrics{{"metric.count", "The number of metrics observed.", {}, {}}};
  std::vector<count_metric> datapoints{
      {"metric.datapoint.count", "The number of data points observed.", {}, {}}};
  std::vector<count_metric> logs{
      {"log.record.count", "The number of log records observed.", {}, {}}};
};

/// An attribute of the span, or else of its resource, that tells series apart.
struct dimension_config {
  std::string name;
  std::optional<std::string> default_value;
};

enum class duration_unit : std::uint8_t { ms, s };
enum class temporality : std::uint8_t { cumulative, delta };

struct explicit_buckets {
  std::vector<std::string> buckets; ///< Durations.
};
struct exponential_buckets {
  std::uint32_t max_size = 160;
};

struct duration_histogram_config {
  bool disable = false;
  duration_unit unit = duration_unit::ms;
  std::optional<explicit_buckets> bounds; ///< `explicit`
  std::optional<exponential_buckets> exponential;
  std::vector<dimension_config> dimensions;
};

struct exemplars_config {
  bool enabled = false;
  std::uint32_t max_per_data_point = 5;
};

struct events_config {
  bool enabled = false;
  std::vector<dimension_config> dimensions;
};

struct spanmetrics_config {
  std::vector<dimension_config> dimensions;
  std::vector<dimension_config> calls_dimensions;
  std::vector<std::string> exclude_dimensions;
  std::uint64_t resource_metrics_cache_size = 1000;
  std::vector<std::string> resource_metrics_key_attributes;
  temporality aggregation_temporality = temporality::cumulative;
  duration_histogram_config histogram;
  std::chrono::milliseconds metrics_flush_interval{60'000};
  std::chrono::milliseconds metrics_expiration{0}; ///< 0 = never
  std::chrono::milliseconds series_expiration{0};  ///< 0 = never
  std::uint64_t metric_timestamp_cache_size = 1000;
  std::string namespace_ = "traces.span.metrics";
  exemplars_config exemplars;
  events_config events;
  std::vector<std::string> include_instrumentation_scope;
  std::uint64_t aggregation_cardinality_limit = 0; ///< 0 = none of the user's
  bool add_resource_attributes = false;
  bool enable_metrics_sampling_method = false;
};

using kind_config = std::variant<forward_config, routing_config, count_config, spanmetrics_config>;

} // namespace weir::connectors
