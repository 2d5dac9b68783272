#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::sampling {

/// The kinds of policy of the tail_sampling processor (its `type` in YAML, same spelling).
enum class policy_type : std::uint8_t {
  always_sample,
  latency,
  numeric_attribute,
  string_attribute,
  boolean_attribute,
  probabilistic,
  status_code,
  span_count,
  trace_state,
  trace_flags,
  rate_limiting,
  bytes_limiting,
  ottl_condition,
  and_,
  not_,
  drop,
  composite
};

/// One policy as configured; which members count depends on the type. Names and defaults are the
/// Collector's.
struct policy_config {
  std::string name;
  policy_type type = policy_type::always_sample;

  std::int64_t threshold_ms = 0;       ///< latency
  std::int64_t upper_threshold_ms = 0; ///< latency; 0 = none

  std::string key;                     ///< the *_attribute policies, trace_state
  std::vector<std::string> values;     ///< string_attribute, trace_state
  bool enabled_regex_matching = false; ///< string_attribute
  std::int64_t cache_max_size = 0;     ///< string_attribute; accepted, no effect
  bool invert_match = false;
  std::int64_t min_value = 0; ///< numeric_attribute
  std::int64_t max_value = 0;
  bool value = false; ///< boolean_attribute

  double sampling_percentage = 0; ///< probabilistic
  std::string hash_salt;          ///< probabilistic; "" = the Collector's default

  std::vector<std::string> status_codes; ///< OK, ERROR, UNSET

  std::int64_t min_spans = 0; ///< span_count
  std::int64_t max_spans = 0; ///< 0 = none

  std::int64_t spans_per_second = 0; ///< rate_limiting
  std::int64_t bytes_per_second = 0; ///< bytes_limiting
  std::int64_t burst_capacity = 0;   ///< 0 = twice the rate

  std::vector<policy_config> sub_policies; ///< and, not (one), drop, composite

  // ottl_condition
  std::string error_mode;
  std::vector<std::string> span_conditions;
  std::vector<std::string> spanevent_conditions;

  // composite
  std::int64_t max_total_spans_per_second = 0;
  std::vector<std::string> policy_order;
  struct rate_allocation {
    std::string policy;
    std::int64_t percent = 0;
  };
  std::vector<rate_allocation> rate_allocations;
};

/// The tail_sampling processor's options; durations in nanoseconds.
struct tail_sampling_config {
  std::int64_t decision_wait_ns = 30'000'000'000;
  std::int64_t decision_wait_after_root_ns = 0; ///< 0 = off
  std::uint64_t num_traces = 0;                 ///< 0 (absent) = no limit but memory
  std::uint64_t sampled_cache_size = 0;
  std::uint64_t non_sampled_cache_size = 0;
  bool sample_on_first_match = false;
  bool drop_pending_traces_on_shutdown = false;
  std::uint64_t maximum_trace_size_bytes = 0; ///< 0 = off
  std::vector<policy_config> policies;
};

} // namespace weir::sampling
