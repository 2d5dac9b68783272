#pragma once

#include "processors/config.hpp"

#include <optional>
#include <string>
#include <vector>

// What the file says of `filter` and `transform`. Names and defaults are the Collector's.
namespace weir::processors {

/// Conditions of `filter` in one context; "" = found from their paths, for each by itself.
struct condition_group_config {
  std::string context;
  std::vector<std::string> conditions;
  std::string error_mode; ///< "" = the processor's.
};

/// `metrics.include`, `metrics.exclude`: the form before conditions.
struct metric_match_attribute {
  std::string key;
  std::string value; ///< "" = any.
};
struct metric_match_config {
  std::string match_type = "strict"; ///< strict or regexp
  std::vector<std::string> metric_names;
  std::vector<metric_match_attribute> resource_attributes;
};

struct filter_config {
  std::string error_mode = "ignore";

  std::vector<std::string> traces_resource, traces_span, traces_spanevent;
  std::vector<std::string> metrics_resource, metrics_metric, metrics_datapoint;
  std::optional<metric_match_config> metrics_include, metrics_exclude;
  std::optional<match_config> spans_include, spans_exclude, logs_include, logs_exclude;
  std::vector<std::string> logs_resource, logs_record;

  std::vector<condition_group_config> trace_conditions, metric_conditions, log_conditions;
};

/// Statements of `transform` in one context; "" = found from the paths of all of them.
struct statement_group_config {
  std::string context;
  std::vector<std::string> conditions;
  std::vector<std::string> statements;
  std::string error_mode; ///< "" = the processor's.
};

struct transform_config {
  std::string error_mode = "ignore";
  std::vector<statement_group_config> trace_statements, metric_statements, log_statements;
};

} // namespace weir::processors
