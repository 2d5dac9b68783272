#include "app/config/both_samplings.hpp"

#include "sampling/policy_types.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

namespace weir::app {

namespace {

using sampling::policy_basis;
using sampling::policy_config;
using sampling::policy_type;
using sampling::tail_sampling_config;

using policies = std::vector<policy_config>;

constexpr std::size_t most_vetoes = 64; // a product of the sizes of `and` policies

/// Whether a policy, or one inside it, is of a type for which `test` holds.
template <class Test>
bool contains(const policies& list, const Test& test) {
  return std::any_of(list.begin(), list.end(), [&](const policy_config& policy) {
    return test(policy.type) || contains(policy.sub_policies, test);
  });
}

bool says_rates(policy_type type) {
  return sampling::info_of(type).basis == policy_basis::rates;
}

/// Policies that look at a trace alone: what they say does not depend on who was asked before.
bool looks_at_traces_alone(const policies& list) {
  return !contains(
      list, [](policy_type type) { return sampling::info_of(type).basis != policy_basis::trace; });
}

policy_config opposite(const policy_config& policy) {
  if (policy.type == policy_type::not_)
    return policy.sub_policies.front();
  policy_config made;
  made.name = "not " + policy.name;
  made.type = policy_type::not_;
  made.sub_policies = {policy};
  return made;
}

/// What of several lists has to hold for none of the policies to sample: all of one of them. An
/// `and` does not sample as soon as one of its parts does not, so it multiplies the lists.
std::vector<policies> ways_to_drop(const policies& keeping) {
  std::vector<policies> ways(1);
  for (const auto& policy : keeping) {
    const auto parts = policy.type == policy_type::and_ ? policy.sub_policies : policies{policy};
    std::vector<policies> longer;
    for (const auto& way : ways)
      for (const auto& part : parts) {
        longer.push_back(way);
        longer.back().push_back(opposite(part));
        if (longer.size() > most_vetoes)
          return {};
      }
    ways = std::move(longer);
  }
  return ways;
}

/// A name that none of the policies has.
std::string free_name(const std::string& wanted, const policies& list) {
  auto name = wanted;
  for (int n = 2; std::any_of(list.begin(), list.end(),
                              [&name](const auto& policy) { return policy.name == name; });
       ++n)
    name = fmt::format("{}-{}", wanted, n);
  return name;
}

/// The policies of `main`, and in front of them what drops all that `veto` would not keep.
std::optional<policies> with_veto(const tail_sampling_config& main, const named_sampling& veto) {
  const auto by_chance = [](policy_type type) { return type == policy_type::probabilistic; };
  const bool weighs =
      contains(main.policies, says_rates) && contains(veto.config.policies, by_chance);
  if (!looks_at_traces_alone(veto.config.policies) || weighs)
    return std::nullopt;
  auto all = main.policies;
  policies keeping;
  for (auto policy : veto.config.policies)
    if (policy.type == policy_type::drop) {
      policy.name = free_name(policy.name, all);
      all.push_back(std::move(policy));
    } else {
      keeping.push_back(std::move(policy));
    }
  const auto ways = ways_to_drop(keeping);
  if (ways.empty() || keeping.empty())
    return std::nullopt;
  for (const auto& way : ways) {
    policy_config made;
    made.name = free_name(veto.name, all);
    made.type = policy_type::drop;
    made.sub_policies = way;
    all.push_back(std::move(made));
  }
  return all;
}

/// The lower of two limits, of which 0 is none.
std::uint64_t lower_limit(std::uint64_t one, std::uint64_t other) {
  return one == 0 || other == 0 ? std::max(one, other) : std::min(one, other);
}

} // namespace

std::optional<tail_sampling_config> sample_by_both(const named_sampling& first,
                                                   const named_sampling& second) {
  const auto& a = first.config;
  const auto& b = second.config;
  auto made = a;
  if (auto vetoed = with_veto(a, second)) {
    made.policies = std::move(*vetoed);
  } else if (auto turned = with_veto(b, first)) {
    made.policies = std::move(*turned);
    made.sample_on_first_match = b.sample_on_first_match;
  } else {
    return std::nullopt;
  }
  made.decision_wait_ns = a.decision_wait_ns + b.decision_wait_ns;
  const bool both_shorten =
      a.decision_wait_after_root_ns != 0 && b.decision_wait_after_root_ns != 0;
  made.decision_wait_after_root_ns =
      both_shorten ? a.decision_wait_after_root_ns + b.decision_wait_after_root_ns : 0;
  made.num_traces = lower_limit(a.num_traces, b.num_traces);
  made.maximum_trace_size_bytes =
      lower_limit(a.maximum_trace_size_bytes, b.maximum_trace_size_bytes);
  made.sampled_cache_size = std::max(a.sampled_cache_size, b.sampled_cache_size);
  made.non_sampled_cache_size = std::max(a.non_sampled_cache_size, b.non_sampled_cache_size);
  return made;
}

} // namespace weir::app
