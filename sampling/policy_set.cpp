#include "sampling/policy_set.hpp"

#include "sampling/policy_compiler.hpp"
#include "sampling/policy_types.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace weir::sampling {

namespace {

bool says_rates(const policy_config& policy) {
  return info_of(policy.type).basis == policy_basis::rates
         || std::any_of(policy.sub_policies.begin(), policy.sub_policies.end(), says_rates);
}

} // namespace

result<policy_set> policy_set::compile(const tail_sampling_config& config) {
  policy_set set;
  set.first_match_ = config.sample_on_first_match;
  policy_compiler compiler(set.predicates_);
  std::set<std::string_view> known;
  auto ordered = std::vector<const policy_config*>{};
  for (const auto& policy : config.policies)
    ordered.push_back(&policy);
  std::stable_partition(ordered.begin(), ordered.end(),
                        [](const auto* policy) { return policy->type == policy_type::drop; });
  for (const auto* policy : ordered) {
    if (policy->name.empty())
      return fail(errc::invalid_argument, "a policy has no name");
    if (!known.insert(policy->name).second)
      return fail(errc::invalid_argument,
                  fmt::format("two policies are named \"{}\"", policy->name));
    auto compiled = compiler.compile(*policy);
    if (!compiled)
      return fail(compiled.error().code,
                  fmt::format("policy \"{}\": {}", policy->name, compiled.error().message));
    set.policies_.push_back(std::move(*compiled));
    set.names_.push_back(policy->name);
    set.configs_.push_back(*policy);
    set.note_parts(*policy);
    set.drops_ += policy->type == policy_type::drop ? 1 : 0;
    set.marks_rates_ = set.marks_rates_ || says_rates(*policy);
  }
  if (set.names_.size() + set.part_names_.size() >= no_policy)
    return fail(errc::too_large, "too many policies");
  set.counts_.resize(set.names_.size());
  return set;
}

void policy_set::note_parts(const policy_config& policy) {
  first_parts_.push_back(part_names_.size());
  if (policy.type == policy_type::composite)
    for (const auto& part : policy.sub_policies)
      part_names_.push_back(part.name);
}

void policy_set::take_over(const policy_set& before) {
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    const auto same = std::find(before.configs_.begin(), before.configs_.end(), configs_[i]);
    if (same != before.configs_.end())
      share_state(policies_[i],
                  before.policies_[static_cast<std::size_t>(same - before.configs_.begin())]);
  }
}

decision policy_set::decide(const trace_id& id, const trace_features& trace, steady_ns now) {
  decision result;
  chances_.clear();
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    if (first_match_ && result.keep) {
      // The others have no say, but what they would have kept counts in the rate.
      if (marks_rates_)
        chances_.add(evaluate(policies_[i], id, trace, now, spending::no).chance);
      continue;
    }
    const auto said = evaluate(policies_[i], id, trace, now);
    if (i >= drops_)
      chances_.add(said.chance);
    switch (said.vote) {
    case vote::dropped:
      ++counts_[i].dropped;
      return {false, static_cast<policy_number>(i), 1, rate_mark::none};
    case vote::not_sampled:
    case vote::failed:
      ++counts_[i].not_sampled;
      break;
    case vote::sampled:
      ++counts_[i].sampled;
      if (said.part != no_part)
        result.composite_part = static_cast<policy_number>(first_parts_[i] + said.part);
      if (!result.keep)
        result.policy = static_cast<policy_number>(i);
      result.keep = true;
    }
  }
  if (result.keep)
    set_rate(result);
  return result;
}

void policy_set::set_rate(decision& result) const {
  const auto share = chances_.share();
  result.sampling_rate = share > 0 ? static_cast<float>(1 / share) : 1;
  if (marks_rates_ && result.sampling_rate > 1)
    result.mark = chances_.is_consistent() ? rate_mark::threshold : rate_mark::attribute;
}

} // namespace weir::sampling
