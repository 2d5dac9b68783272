#include "sampling/evaluator.hpp"

#include <algorithm>
#include <limits>

namespace weir::sampling {

namespace {

verdict sampled_if(bool condition) {
  return {condition ? vote::sampled : vote::not_sampled, {condition ? 1.0 : 0.0}};
}

verdict by_chance(bool sampled, const chance& chance) {
  return {sampled ? vote::sampled : vote::not_sampled, chance};
}

/// Times of 2200 and spans that end before they start must not overflow.
std::int64_t duration_ms(const trace_features& trace) {
  const auto start = trace.min_start_ns;
  const auto end = trace.max_end_ns;
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (end >= start)
    return static_cast<std::int64_t>(std::min(end - start, most)) / millisecond_ns;
  return -static_cast<std::int64_t>(std::min(start - end, most)) / millisecond_ns;
}

struct evaluation {
  const trace_id& id;
  const trace_features& trace;
  steady_ns now;
  spending mode;

  verdict ask(const evaluator& policy) const { return evaluate(policy, id, trace, now, mode); }

  verdict operator()(const always&) const { return sampled_if(true); }

  verdict operator()(const latency_over& rule) const {
    const auto duration = duration_ms(trace);
    return sampled_if(duration > rule.threshold_ms
                      && (rule.upper_ms == 0 || duration <= rule.upper_ms));
  }

  verdict operator()(const seen& rule) const {
    return sampled_if(trace.seen.test(rule.predicate) != rule.inverted);
  }

  verdict operator()(const seen_unless_failed& rule) const {
    if (trace.seen.test(static_cast<std::size_t>(rule.predicate) + 1))
      return {vote::failed, {}};
    return sampled_if(trace.seen.test(rule.predicate));
  }

  verdict operator()(const probability& rule) const {
    return by_chance(rule.keeps(id), rule.of_any());
  }

  verdict operator()(const span_count_in& rule) const {
    return sampled_if(trace.spans >= rule.min && (rule.max == 0 || trace.spans <= rule.max));
  }

  // How often a limit lets a trace through is not known: what it keeps counts as one.
  verdict operator()(const within_budget& rule) const {
    const auto cost = rule.unit == cost_unit::spans ? trace.spans : trace.bytes;
    return sampled_if(mode == spending::yes && rule.budget->spend(cost, now));
  }

  verdict operator()(const all_of& rule) const {
    verdict result{rule.when_all, {1.0}};
    auto rest = mode;
    for (const auto& part : rule.parts) {
      const auto said = evaluate(part, id, trace, now, rest);
      result.chance = both(result.chance, said.chance);
      if (said.vote == vote::sampled)
        continue;
      if (result.vote == rule.when_all)
        result.vote = said.vote;
      if (result.chance.share <= 0)
        return result;
      rest = spending::no; // only how often it would have been sampled
    }
    return result;
  }

  verdict operator()(const none_of& rule) const {
    const auto said = ask(rule.part.front());
    if (said.vote == vote::failed)
      return said;
    return by_chance(said.vote == vote::not_sampled, otherwise(said.chance));
  }

  verdict operator()(const composite_of& rule) const {
    for (std::size_t i = 0; i < rule.parts.size(); ++i) {
      auto said = ask(rule.parts[i]);
      if (said.vote != vote::sampled)
        continue;
      said.part = static_cast<part_place>(i);
      return mode == spending::yes && rule.shares->spend(i, trace.spans, now) ? said : verdict{};
    }
    return {};
  }

  verdict operator()(const dynamic_by_key& rule) const {
    const auto key = key_of(trace.seen, rule.key);
    const auto rate =
        mode == spending::yes ? rule.rates->count(key, trace.spans, now) : rule.rates->rate(key);
    return by_chance(rule.chosen.keeps(id, rate), rule.chosen.of(rate));
  }

  verdict operator()(const any_or_ratio& rule) const {
    for (const auto& part : rule.parts)
      if (ask(part).vote == vote::sampled)
        return sampled_if(true);
    if (rule.rate == 0)
      return {};
    return by_chance(rule.chosen.keeps(id, rule.rate), rule.chosen.of(rule.rate));
  }
};

/// Two evaluators of one configuration have the same shape.
struct state_sharing {
  const evaluator& before;

  template <class Rule>
  void operator()(Rule& rule) const {
    const auto& old = std::get<Rule>(before.rule);
    if constexpr (requires { rule.budget; })
      rule.budget = old.budget;
    if constexpr (requires { rule.shares; })
      rule.shares = old.shares;
    if constexpr (requires { rule.rates; })
      rule.rates = old.rates;
    if constexpr (requires { rule.parts; })
      share_all(rule.parts, old.parts);
    if constexpr (requires { rule.part; })
      share_all(rule.part, old.part);
  }

  static void share_all(std::vector<evaluator>& parts, const std::vector<evaluator>& old) {
    for (std::size_t i = 0; i < parts.size(); ++i)
      share_state(parts[i], old[i]);
  }
};

} // namespace

verdict evaluate(const evaluator& policy, const trace_id& id, const trace_features& trace,
                 steady_ns now, spending spending) {
  return std::visit(evaluation{id, trace, now, spending}, policy.rule);
}

void share_state(evaluator& policy, const evaluator& before) {
  std::visit(state_sharing{before}, policy.rule);
}

dynamic_rates* rates_in(const evaluator& policy) noexcept {
  return std::visit(
      [](const auto& rule) -> dynamic_rates* {
        if constexpr (requires { rule.rates; })
          return rule.rates.get();
        if constexpr (requires { rule.parts; })
          for (const auto& part : rule.parts)
            if (auto* found = rates_in(part))
              return found;
        return nullptr;
      },
      policy.rule);
}

} // namespace weir::sampling
