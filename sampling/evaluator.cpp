#include "sampling/evaluator.hpp"

#include <algorithm>
#include <limits>

namespace weir::sampling {

namespace {

verdict sampled_if(bool condition) {
  return {condition ? vote::sampled : vote::not_sampled, 1};
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

  verdict operator()(const always&) const { return {vote::sampled, 1}; }

  verdict operator()(const latency_over& rule) const {
    const auto duration = duration_ms(trace);
    return sampled_if(duration > rule.threshold_ms
                      && (rule.upper_ms == 0 || duration <= rule.upper_ms));
  }

  verdict operator()(const seen& rule) const {
    return sampled_if(trace.seen.test(rule.predicate) != rule.inverted);
  }

  verdict operator()(const probability& rule) const {
    return {rule.keeps(id) ? vote::sampled : vote::not_sampled, rule.sampling_rate()};
  }

  verdict operator()(const span_count_in& rule) const {
    return sampled_if(trace.spans >= rule.min && (rule.max == 0 || trace.spans <= rule.max));
  }

  verdict operator()(const within_budget& rule) const {
    const auto cost = rule.unit == cost_unit::spans ? trace.spans : trace.bytes;
    return sampled_if(rule.budget->spend(cost, now));
  }

  verdict operator()(const all_of& rule) const {
    float rate = 1;
    for (const auto& part : rule.parts) {
      const auto said = evaluate(part, id, trace, now);
      if (said.vote == vote::not_sampled)
        return {};
      rate = std::max(rate, said.sampling_rate);
    }
    return {rule.when_all, rate};
  }

  verdict operator()(const none_of& rule) const {
    return sampled_if(evaluate(rule.part.front(), id, trace, now).vote == vote::not_sampled);
  }

  verdict operator()(const composite_of& rule) const {
    for (std::size_t i = 0; i < rule.parts.size(); ++i) {
      const auto said = evaluate(rule.parts[i], id, trace, now);
      if (said.vote != vote::sampled)
        continue;
      return rule.shares->spend(i, trace.spans, now) ? said : verdict{};
    }
    return {};
  }
};

} // namespace

verdict evaluate(const evaluator& policy, const trace_id& id, const trace_features& trace,
                 steady_ns now) {
  return std::visit(evaluation{id, trace, now}, policy.rule);
}

} // namespace weir::sampling
