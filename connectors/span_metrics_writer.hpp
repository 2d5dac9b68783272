#pragma once

#include "connectors/config.hpp"
#include "connectors/meter.hpp"
#include "connectors/span_series.hpp"

#include <list>
#include <string>
#include <unordered_map>
#include <vector>

namespace weir::connectors {

/// When delta series were flushed last: their next points begin there. So many of them; the oldest
/// goes first.
class delta_times {
public:
  explicit delta_times(std::size_t size) : size_(size) {}

  /// The time that was noted for a series, or `otherwise`; `now` is noted.
  unix_ns exchange(const std::string& key, unix_ns otherwise, unix_ns now);

private:
  struct noted {
    std::string key;
    unix_ns time = 0;
  };
  std::size_t size_;
  std::list<noted> all_; ///< Noted last in front.
  std::unordered_map<std::string, std::list<noted>::iterator> by_key_;
};

/// Writes the series of `spanmetrics` as metrics messages of about 1 MiB at the most. Once.
class span_metrics_writer {
public:
  span_metrics_writer(const spanmetrics_config& config, const std::vector<double>& bounds,
                      unix_ns now);

  void write(resource_series& resource, bool durations_apart, delta_times& last);
  std::vector<measured> take();

private:
  enum class measure : std::uint8_t { calls, durations, events };

  void write(resource_series& resource, series_table& table, measure kind, delta_times& last);
  void append_point(const series& one, measure kind, unix_ns start);
  void append_count(const series& one);
  void append_histogram(const series& one);
  void append_exemplars(const series& one, std::uint32_t number);
  void close_metric(measure kind);
  void close_resource(const resource_series& resource);
  void close_message();

  const spanmetrics_config& config_;
  const std::vector<double>& bounds_;
  const unix_ns now_;
  std::string packed_bounds_;
  std::string prefix_; ///< Of names.
  std::string point_, points_, metrics_, message_;
  std::uint64_t count_ = 0; ///< Points in the message in hand.
  std::vector<measured> done_;
};

/// What is held, for the next start; "" where that is more than 64 MiB.
std::string save_span_series(const resource_cache& resources);
/// False: it is not that.
bool restore_span_series(std::string_view saved, resource_cache& resources, steady_ns now);

} // namespace weir::connectors
