#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>

// How connectors write metrics: messages in messages, from the inside out.
namespace weir::connectors {

/// Appends an attribute, as field `number` of what is being written.
void append_text_attribute(std::string& out, std::uint32_t number, std::string_view key,
                           std::string_view text);
/// `any`: the body of an AnyValue.
void append_attribute(std::string& out, std::uint32_t number, std::string_view key,
                      std::string_view any);

/// Appends start and time of a number or histogram data point.
void append_times(std::string& out, unix_ns start, unix_ns time);

enum class metric_kind : std::uint8_t { sum, histogram, exponential_histogram };

/// Appends a metric to the body of a ScopeMetrics. `points`: fields 1 of a Sum or Histogram.
void append_metric(std::string& out, metric_kind kind, std::string_view name,
                   std::string_view description, std::string_view unit, bool delta,
                   std::string_view points);

/// Appends a ResourceMetrics to a message. `resource`: the body of a Resource.
void append_resource_metrics(std::string& out, std::string_view resource, std::string_view scope,
                             std::string_view metrics);

} // namespace weir::connectors
