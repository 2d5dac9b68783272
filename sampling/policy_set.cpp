#include "sampling/policy_set.hpp"

#include "sampling/policy_compiler.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace weir::sampling {

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
  }
  if (set.names_.size() >= no_policy)
    return fail(errc::too_large, "too many policies");
  set.counts_.resize(set.names_.size());
  return set;
}

decision policy_set::decide(const trace_id& id, const trace_features& trace, steady_ns now) {
  decision result;
  for (std::size_t i = 0; i < policies_.size(); ++i) {
    const auto said = evaluate(policies_[i], id, trace, now);
    switch (said.vote) {
    case vote::dropped:
      ++counts_[i].dropped;
      return {false, static_cast<policy_number>(i), 1};
    case vote::not_sampled:
      ++counts_[i].not_sampled;
      break;
    case vote::sampled:
      ++counts_[i].sampled;
      // Kept by several, a trace stands for as many as the most generous of them says.
      result.sampling_rate =
          result.keep ? std::min(result.sampling_rate, said.sampling_rate) : said.sampling_rate;
      if (!result.keep)
        result.policy = static_cast<policy_number>(i);
      result.keep = true;
      if (first_match_)
        return result;
    }
  }
  return result;
}

} // namespace weir::sampling
