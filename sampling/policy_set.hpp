#pragma once

#include "core/error.hpp"
#include "sampling/chance.hpp"
#include "sampling/config.hpp"
#include "sampling/decision.hpp"
#include "sampling/evaluator.hpp"
#include "sampling/features.hpp"
#include "sampling/predicates.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sampling {

/// What one policy said so far, in traces.
struct policy_counts {
  std::uint64_t sampled = 0;
  std::uint64_t not_sampled = 0;
  std::uint64_t dropped = 0;
};

/// The policies of one tail_sampling processor, compiled into what must be looked at in spans and a
/// rule over that. Follows the Collector's processor in v0.161.0: drop policies come first,
/// whatever their place, and the first that matches drops; else the trace is kept if any policy
/// samples it. (An inverted match is an ordinary vote there; the vetoes of older releases are
/// gone.)
///
/// A kept trace stands for one over the share of trace ids with which any of the policies would
/// have kept it. Where a policy is `dynamic` or `intelligent`, its spans are to say so
/// (decision::mark).
///
/// One thread at a time. Each shard has its own copy, compiled once: copies share the budgets of
/// the rate limiting policies, the rates of the dynamic ones, and nothing else.
class policy_set {
public:
  /// Errors name the policy.
  static result<policy_set> compile(const tail_sampling_config& config);

  /// Adds what a resource shows. An envelope that stands in several slices is given slice by slice.
  void observe_resource(std::string_view envelope, resource_features& features) {
    predicates_.observe_resource(envelope, features);
  }

  /// Before the spans of a (resource, scope) pair are observed, whose message must live as long.
  /// `same_resource`: as in the pair before.
  void begin_group(std::string_view message, const otlp::span_index& index, std::uint32_t group,
                   bool same_resource = false) {
    predicates_.begin_group(message, index, group, same_resource);
  }

  /// Adds one span's times, count, predicates and those of its resource. Not its bytes.
  /// @pre the body was checked by otlp::scan_traces
  void observe(std::string_view span_body, const resource_features& resource,
               trace_features& features) {
    features.seen |= resource.seen;
    predicates_.observe_span(span_body, features);
  }

  /// Goes on with the budgets and rates of `before` where a policy is the same there: of the same
  /// name, with the same options.
  void take_over(const policy_set& before);

  /// Decides a trace. `policy` in the answer is an index of names(), `composite_part` one of
  /// part_names(). Spends budgets, counts votes.
  decision decide(const trace_id& id, const trace_features& trace, steady_ns now);

  /// Names of the policies, drop policies first.
  const std::vector<std::string>& names() const noexcept { return names_; }

  /// Names of the sub-policies of all composite policies.
  const std::vector<std::string>& part_names() const noexcept { return part_names_; }

  /// By index of names().
  const std::vector<policy_counts>& counts() const noexcept { return counts_; }

  /// The rates of the dynamic policy that this policy is, or has among its parts; nullptr: none. By
  /// index of names().
  dynamic_rates* rates(std::size_t policy) const noexcept { return rates_in(policies_[policy]); }

  /// The policies themselves and what they were compiled from, by index of names().
  const std::vector<evaluator>& evaluators() const noexcept { return policies_; }
  const std::vector<policy_config>& configs() const noexcept { return configs_; }

  /// Number of predicates: bits in use in trace_features::seen.
  std::size_t predicate_count() const noexcept { return predicates_.size(); }

private:
  void note_parts(const policy_config& policy);
  void set_rate(decision& result) const;

  std::vector<evaluator> policies_;
  std::vector<policy_config> configs_;
  std::vector<std::string> names_;
  std::vector<std::string> part_names_;
  std::vector<std::size_t> first_parts_; ///< Into part_names_, by index of names_.
  std::vector<policy_counts> counts_;
  predicates predicates_;
  inclusion chances_;     ///< Scratch of decide().
  std::size_t drops_ = 0; ///< So many come first that can only drop.
  bool first_match_ = false;
  bool marks_rates_ = false;
};

} // namespace weir::sampling
