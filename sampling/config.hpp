#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::sampling {

/// The kinds of policy of the tail_sampling processor; sampling/policy_types.hpp has what is known
/// of each.
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
  composite,
  dynamic,
  intelligent
};
inline constexpr auto policy_type_count = static_cast<std::size_t>(policy_type::intelligent) + 1;

/// One policy as configured; which members count depends on the type. Names and defaults are the
/// Collector's, where it has the policy.
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
  std::string hash_salt; ///< probabilistic: "" = the Collector's default; dynamic, intelligent

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

    friend bool operator==(const rate_allocation&, const rate_allocation&) = default;
  };
  std::vector<rate_allocation> rate_allocations;

  // dynamic
  std::vector<std::string> attributes;    ///< Their values are the key of a trace,
  std::vector<std::string> fields;        ///< and these: name, root_name, kind, status_code.
  double goal_sample_rate = 10;           ///< One of so many spans is kept, all in all.
  std::int64_t goal_spans_per_second = 0; ///< Instead of that: so many are kept; 0 = none
  std::int64_t adjustment_interval_ns = 15'000'000'000;
  double weight = 0.5; ///< Of the last interval against all before.
  double burst_multiple = 2;
  std::int64_t burst_detection_delay = 3; ///< Intervals.
  std::int64_t max_keys = 500;

  // intelligent
  std::int64_t error_status = 400; ///< HTTP status codes from here on are errors.
  std::int64_t slow_ms = 1000;
  double base_percentage = 10;

  friend bool operator==(const policy_config&, const policy_config&) = default;
};

/// The tail_sampling processor's options; durations in nanoseconds.
struct tail_sampling_config {
  std::int64_t decision_wait_ns = 30'000'000'000;
  std::int64_t decision_wait_after_root_ns = 0; ///< 0 = off
  std::uint64_t num_traces = 0;                 ///< 0 (absent) = no limit but memory
  std::uint64_t sampled_cache_size = 0;
  std::uint64_t non_sampled_cache_size = 0;
  bool sample_on_first_match = false;
  std::uint64_t maximum_trace_size_bytes = 0; ///< 0 = off
  bool record_policy = false; ///< What kept a trace is said in the scopes of its spans.
  std::vector<policy_config> policies;

  friend bool operator==(const tail_sampling_config&, const tail_sampling_config&) = default;
};

} // namespace weir::sampling
