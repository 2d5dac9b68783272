#include "app/config/option_group.hpp"
#include "app/config/ottl_options.hpp"
#include "app/config/tables.hpp"
#include "sampling/policy_set.hpp"
#include "sampling/policy_types.hpp"

#include <fmt/format.h>
#include <set>

namespace weir::app {

namespace {

using sampling::policy_config;
using sampling::policy_type;
using sampling::tail_sampling_config;
using c = policy_config;

std::vector<named_value<policy_type>> type_names() {
  std::vector<named_value<policy_type>> names;
  for (const auto& info : sampling::policy_types)
    names.push_back({info.name, info.type});
  return names;
}

const option_table<c>& latency_options() {
  static const option_table<c> table{{
      works("threshold_ms", &c::threshold_ms, {.min = "0"},
            "From the first start to the last end of the spans that came: kept above this."),
      works("upper_threshold_ms", &c::upper_threshold_ms, {.min = "0"},
            "Kept up to here, and only above `threshold_ms`; 0: without end."),
  }};
  return table;
}

const option_table<c>& numeric_options() {
  static const option_table<c> table{{
      works("key", &c::key, {.required = true}, "A resource's or a span's attribute."),
      works("min_value", &c::min_value, "The smallest whole number that matches."),
      works("max_value", &c::max_value, "The largest."),
      works("invert_match", &c::invert_match, "Keeps what does not match."),
  }};
  return table;
}

const option_table<c>& string_options() {
  static const option_table<c> table{{
      works("key", &c::key, {.required = true}, "A resource's or a span's attribute."),
      works("values", &c::values, {.required = true}, "Texts that match, or regular expressions."),
      works("enabled_regex_matching", &c::enabled_regex_matching, "`values` are RE2 expressions."),
      works("invert_match", &c::invert_match, "Keeps what does not match."),
      no_effect("cache_max_size", "expressions are fast enough without a cache"),
  }};
  return table;
}

const option_table<c>& boolean_options() {
  static const option_table<c> table{{
      works("key", &c::key, {.required = true}, "A resource's or a span's attribute."),
      works("value", &c::value, "The value that matches."),
      works("invert_match", &c::invert_match, "Keeps what does not match."),
  }};
  return table;
}

const option_table<c>& probabilistic_options() {
  static const option_table<c> table{{
      works("sampling_percentage", &c::sampling_percentage, {.min = "0", .max = "100"},
            "The share of traces that is kept."),
      works("hash_salt", &c::hash_salt, "Hashed with the trace id; absent: the Collector's."),
  }};
  return table;
}

const option_table<c>& status_options() {
  static const option_table<c> table{{
      works("status_codes", &c::status_codes,
            {.one_of = {"OK", "ERROR", "UNSET"}, .required = true},
            "A span with one of these keeps its trace."),
  }};
  return table;
}

const option_table<c>& span_count_options() {
  static const option_table<c> table{{
      works("min_spans", &c::min_spans, {.min = "0"}, "Kept from this many spans on."),
      works("max_spans", &c::max_spans, {.min = "0"}, "Kept up to this many; 0: without end."),
  }};
  return table;
}

const option_table<c>& trace_state_options() {
  static const option_table<c> table{{
      works("key", &c::key, {.required = true}, "A member of the trace state."),
      works("values", &c::values, {.required = true}, "Its values that match, exactly."),
  }};
  return table;
}

const option_table<c>& rate_options() {
  static const option_table<c> table{{
      works("spans_per_second", &c::spans_per_second, {.min = "1", .required = true},
            "Traces are kept as long as their spans stay below this rate."),
      works("burst_capacity", &c::burst_capacity, {.min = "0"},
            "The most at once; 0: twice the rate."),
  }};
  return table;
}

const option_table<c>& bytes_options() {
  static const option_table<c> table{{
      works("bytes_per_second", &c::bytes_per_second, {.min = "1", .required = true},
            "Traces are kept as long as their bytes stay below this rate."),
      works("burst_capacity", &c::burst_capacity, {.min = "0"},
            "The most at once; 0: twice the rate."),
  }};
  return table;
}

const option_table<c>& ottl_options() {
  static const option_table<c> table{{
      works("error_mode", &c::error_mode, {.one_of = {"ignore", "silent", "propagate"}},
            "What an error in a condition does: `propagate` ends the policy for that trace, the "
            "others go on with the next condition; absent: `silent`."),
      ottl_conditions("span", &c::span_conditions, signal::traces, ottl::context_kind::span,
                      "Conditions on spans (docs/ottl.md); one that holds keeps the trace."),
      ottl_conditions("spanevent", &c::spanevent_conditions, signal::traces,
                      ottl::context_kind::spanevent, "Conditions on events of spans."),
  }};
  return table;
}

constexpr std::string_view sub_policies_text = "Policies, written as in `policies`.";

const option_table<c>& and_options() {
  static const option_table<c> table{{list("and_sub_policy", &c::sub_policies, &policy_options,
                                           "Kept when all of these keep.", listing::as_above)}};
  return table;
}

const option_table<c>& not_options() {
  static const option_table<c> table{
      {single("not_sub_policy", &c::sub_policies, &policy_options,
              "One policy, written as in `policies`, turned round.")}};
  return table;
}

const option_table<c>& drop_options() {
  static const option_table<c> table{
      {list("drop_sub_policy", &c::sub_policies, &policy_options,
            "Dropped when all of these keep, whatever other policies say.", listing::as_above)}};
  return table;
}

const option_table<c::rate_allocation>& allocation_options() {
  using a = c::rate_allocation;
  static const option_table<a> table{{
      works("policy", &a::policy, {.required = true}, "A name of `policy_order`."),
      works("percent", &a::percent, {.min = "0", .max = "100"}, "Its share of the rate."),
  }};
  return table;
}

const option_table<c>& composite_options() {
  static const option_table<c> table{{
      works("max_total_spans_per_second", &c::max_total_spans_per_second, {.min = "1"},
            "The rate that all of them share."),
      works("policy_order", &c::policy_order, "Their names, first to be asked first."),
      list("composite_sub_policy", &c::sub_policies, &policy_options, sub_policies_text,
           listing::as_above),
      list("rate_allocation", &c::rate_allocations, &allocation_options, "Who gets how much."),
  }};
  return table;
}

constexpr std::string_view salt_text =
    "Absent: chosen by the randomness of the trace id, which is then said in `ot=th`; else by a "
    "hash "
    "of this and the id, for ids that are not random or were chosen by that before.";

const option_table<c>& dynamic_options() {
  static const option_table<c> table{{
      works("attributes", &c::attributes,
            "The values of these attributes of resources and spans make the key of a trace."),
      works("fields", &c::fields, {.one_of = {"name", "root_name", "kind", "status_code"}},
            "And of these fields of spans; `root_name`: of the root span alone."),
      works("goal_sample_rate", &c::goal_sample_rate, {.min = "1"},
            "One of so many spans is kept, all in all."),
      works("goal_spans_per_second", &c::goal_spans_per_second, {.min = "0"},
            "Instead of that: so many spans are kept; 0: none. Of each node."),
      works("adjustment_interval", &c::adjustment_interval_ns,
            {.unit = unit::nanoseconds, .min = "1s"}, "How often rates follow the traffic."),
      works("weight", &c::weight, {.min = "0.01", .max = "1"},
            "Of the last interval against all before it."),
      works("burst_multiple", &c::burst_multiple, {.min = "0"},
            "So many times the usual traffic ends an interval early; 0: never."),
      works("burst_detection_delay", &c::burst_detection_delay, {.min = "0", .max = "1000"},
            "Intervals after the start before that is looked for."),
      works("max_keys", &c::max_keys, {.min = "1", .max = "100000"},
            "Keys with a rate of their own, some 60 bytes each; further ones share one."),
      works("hash_salt", &c::hash_salt, salt_text),
  }};
  return table;
}

const option_table<c>& intelligent_options() {
  static const option_table<c> table{{
      works("error_status", &c::error_status, {.min = "100", .max = "599"},
            "A span with this HTTP status code or a higher one keeps its trace, one with status "
            "ERROR "
            "too."),
      works("slow_ms", &c::slow_ms, {.min = "0"}, "So does a trace that takes longer."),
      works("base_percentage", &c::base_percentage, {.min = "0", .max = "100"},
            "The share that is kept of the rest."),
      works("hash_salt", &c::hash_salt, salt_text),
  }};
  return table;
}

option<c> of_type(policy_type type, table_of<c> table) {
  return group<c>(sampling::info_of(type).name, table,
                  [type](const c& policy) { return policy.type == type; });
}

const option_table<c>& nothing() {
  static const option_table<c> table{};
  return table;
}

/// Each policy is compiled on its own, so that all that is wrong is said, at its place.
void check_policy(const section& map, const c& policy) {
  if (sampling::info_of(policy.type).has_parts && policy.sub_policies.empty())
    return map.error("", "found no sub policies, expected at least one");
  if (policy.type == policy_type::dynamic && policy.goal_spans_per_second > 0
      && policy.goal_sample_rate != c{}.goal_sample_rate)
    return map.error("dynamic",
                     "found goal_sample_rate and goal_spans_per_second, expected one of them");
  tail_sampling_config alone;
  alone.policies = {policy};
  if (const auto compiled = sampling::policy_set::compile(alone); !compiled)
    map.error("", compiled.error().message);
}

void check_names(const section& map, const tail_sampling_config& config) {
  if (config.num_traces != 0)
    map.warn("num_traces",
             "beyond it the oldest traces are decided early, by what has come of them; "
             "the Collector drops them");
  if (config.policies.empty())
    return map.error("policies", "found no policies, expected at least one");
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < config.policies.size(); ++i) {
    const auto& name = config.policies[i].name;
    if (!names.insert(name).second)
      map.error("policies",
                fmt::format("found two policies with the name {}, expected different names",
                            quoted(name)));
  }
}

const option_table<tail_sampling_config>& cache_options() {
  using t = tail_sampling_config;
  static const option_table<tail_sampling_config> table{{
      works("sampled_cache_size", &t::sampled_cache_size,
            "With the other: the most decisions remembered; 0 both: `sampling.decision_cache` "
            "alone."),
      works("non_sampled_cache_size", &t::non_sampled_cache_size,
            "With the other: the most decisions remembered, kept and dropped ones together."),
  }};
  return table;
}

} // namespace

const option_table<policy_config>& policy_options() {
  using enum policy_type;
  static const option_table<c> table{
      {
          works("name", &c::name, {.required = true}, "Stands in metrics; each name once."),
          choice("type", &c::type, type_names(), "What the policy looks at.", true),
          of_type(always_sample, &nothing),
          of_type(latency, &latency_options),
          of_type(numeric_attribute, &numeric_options),
          of_type(string_attribute, &string_options),
          of_type(boolean_attribute, &boolean_options),
          of_type(probabilistic, &probabilistic_options),
          of_type(status_code, &status_options),
          of_type(span_count, &span_count_options),
          of_type(trace_state, &trace_state_options),
          of_type(trace_flags, &nothing),
          of_type(rate_limiting, &rate_options),
          of_type(bytes_limiting, &bytes_options),
          of_type(ottl_condition, &ottl_options),
          of_type(and_, &and_options),
          of_type(not_, &not_options),
          of_type(drop, &drop_options),
          of_type(composite, &composite_options),
          of_type(dynamic, &dynamic_options),
          of_type(intelligent, &intelligent_options),
      },
      c{},
      &check_policy};
  return table;
}

const option_table<tail_sampling_config>& tail_sampling_options() {
  using t = tail_sampling_config;
  static const option_table<t> table{
      {
          works("decision_wait", &t::decision_wait_ns, {.unit = unit::nanoseconds, .min = "1ms"},
                "From the first span of a trace to its decision."),
          works("decision_wait_after_root_received", &t::decision_wait_after_root_ns,
                {.unit = unit::nanoseconds},
                "A shorter wait from when the root span came; 0: off."),
          works("num_traces", &t::num_traces,
                "The most undecided traces; beyond, the oldest are decided early. 0: no limit but "
                "`sampling.window_memory`."),
          by_restart(group("decision_cache", &cache_options)),
          works("sample_on_first_match", &t::sample_on_first_match,
                "The first policy that keeps decides; the others are not asked."),
          no_effect("drop_pending_traces_on_shutdown",
                    "undecided traces wait on disk, and the next start decides them"),
          works("maximum_trace_size_bytes", &t::maximum_trace_size_bytes,
                "Traces with more bytes are dropped at once; 0: no limit."),
          works("record_policy", &t::record_policy,
                "The scopes of kept spans say which policy kept them (docs/sampling.md). (Weir's "
                "own; the Collector has the feature gate "
                "`processor.tailsamplingprocessor.recordpolicy` for it.)"),
          list("policies", &t::policies, &policy_options,
               "What decides; one that keeps is enough."),
          only(
              "sampling_strategy", "trace-complete",
              "Weir decides a trace once, from all its spans; a decision for each batch would take "
              "that back"),
          refused("tail_storage", "undecided traces are on disk already, in the journal"),
          no_effect("expected_new_traces_per_sec", "memory is taken as it is needed"),
          no_effect("block_on_overflow",
                    "beyond its limits the window decides early, and counts it"),
          no_effect("num_shards", "`sampling.samplers` says how many there are"),
      },
      t{},
      &check_names};
  return table;
}

} // namespace weir::app
