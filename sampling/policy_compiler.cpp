#include "sampling/policy_compiler.hpp"

#include "sampling/policy_types.hpp"

#include <fmt/format.h>
#include <limits>
#include <map>

namespace weir::sampling {

namespace {

std::uint32_t clamped_spans(std::int64_t spans) {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(spans, 0, most));
}

evaluator limiting(std::int64_t rate, std::int64_t burst, cost_unit unit) {
  const auto capacity = static_cast<double>(burst > 0 ? burst : 2 * rate);
  return {within_budget{std::make_shared<rate_budget>(static_cast<double>(rate), capacity), unit}};
}

/// Which types may stand inside which, as in the Collector.
bool may_contain(policy_type outer, policy_type inner) {
  switch (inner) {
  case policy_type::drop:
  case policy_type::composite:
    return false;
  case policy_type::and_:
    return outer == policy_type::composite;
  case policy_type::not_:
    return outer == policy_type::and_ || outer == policy_type::drop;
  // What they leave out says nothing about a trace.
  case policy_type::dynamic:
  case policy_type::intelligent:
    return outer == policy_type::and_ || outer == policy_type::composite;
  default:
    return true;
  }
}

std::vector<std::int64_t> allotted_rates(const policy_config& policy) {
  std::map<std::string_view, std::int64_t> percents;
  for (const auto& allocation : policy.rate_allocations)
    percents[allocation.policy] = allocation.percent;
  const auto total = static_cast<double>(policy.max_total_spans_per_second);
  std::vector<std::int64_t> rates;
  for (const auto& part : policy.sub_policies) {
    const auto percent = percents[part.name];
    const auto rate = percent > 0 ? static_cast<double>(percent) / 100 * total
                                  : total / static_cast<double>(policy.sub_policies.size());
    rates.push_back(static_cast<std::int64_t>(rate));
  }
  return rates;
}

} // namespace

result<evaluator> policy_compiler::compile(const policy_config& policy) {
  switch (policy.type) {
  case policy_type::always_sample:
    return evaluator{always{}};
  case policy_type::latency:
    return evaluator{latency_over{policy.threshold_ms, policy.upper_threshold_ms}};
  case policy_type::probabilistic:
    return evaluator{probability(policy.sampling_percentage, policy.hash_salt)};
  case policy_type::span_count:
    return evaluator{
        span_count_in{clamped_spans(policy.min_spans), clamped_spans(policy.max_spans)}};
  case policy_type::status_code:
    return status_code(policy);
  case policy_type::string_attribute:
    return string_attribute(policy);
  case policy_type::numeric_attribute:
    return numeric_attribute(policy);
  case policy_type::boolean_attribute:
    return attribute(policy, boolean_value{policy.value});
  case policy_type::trace_flags:
    return on_span(sampled_flag_condition{});
  case policy_type::trace_state:
    return on_span(trace_state_condition{policy.key, string_matcher::of_values(policy.values)});
  case policy_type::rate_limiting:
    return limiting(policy.spans_per_second, policy.burst_capacity, cost_unit::spans);
  case policy_type::bytes_limiting:
    return limiting(policy.bytes_per_second, policy.burst_capacity, cost_unit::bytes);
  case policy_type::and_:
  case policy_type::drop:
    return compile_parts(policy).map([&](auto&& parts) {
      const auto outcome = policy.type == policy_type::drop ? vote::dropped : vote::sampled;
      return evaluator{all_of{std::move(parts), outcome}};
    });
  case policy_type::not_:
    if (policy.sub_policies.size() != 1)
      return fail(errc::invalid_argument, "expected exactly one not_sub_policy");
    return compile_parts(policy).map(
        [](auto&& parts) { return evaluator{none_of{std::move(parts)}}; });
  case policy_type::composite:
    return composite(policy);
  case policy_type::dynamic:
    return dynamic(policy);
  case policy_type::intelligent:
    return intelligent(policy);
  case policy_type::ottl_condition:
    return ottl(policy);
  }
  return fail(errc::unsupported, "found an unknown policy type");
}

result<std::vector<evaluator>> policy_compiler::compile_parts(const policy_config& policy) {
  std::vector<evaluator> parts;
  for (const auto& sub : policy.sub_policies) {
    if (!may_contain(policy.type, sub.type))
      return fail(errc::invalid_argument,
                  fmt::format("a policy of type {} cannot stand inside one of type {}",
                              info_of(sub.type).name, info_of(policy.type).name));
    auto compiled = compile(sub);
    if (!compiled)
      return fail(compiled.error().code,
                  fmt::format("sub-policy \"{}\": {}", sub.name, compiled.error().message));
    parts.push_back(std::move(*compiled));
  }
  return parts;
}

result<void> policy_compiler::room_for(std::size_t bits, std::size_t attributes) const {
  if (predicates_.size() + bits > max_predicates
      || predicates_.attributes() + attributes > max_predicates)
    return fail(errc::too_large,
                fmt::format("more than {} conditions on spans in one processor (a dynamic policy "
                            "counts as {})",
                            max_predicates, key_bits));
  return {};
}

result<evaluator> policy_compiler::attribute(const policy_config& policy,
                                             attribute_condition condition) {
  return room_for(1, 1).map([&] {
    const auto number = predicates_.add(policy.key, std::move(condition));
    return evaluator{seen{number, policy.invert_match}};
  });
}

result<evaluator> policy_compiler::on_span(span_condition condition) {
  return room_for(1, 1).map([&] {
    return evaluator{seen{predicates_.add(std::move(condition)), false}};
  });
}

result<evaluator> policy_compiler::string_attribute(const policy_config& policy) {
  if (!policy.enabled_regex_matching)
    return attribute(policy, string_matcher::of_values(policy.values));
  return string_matcher::of_regexes(policy.values).and_then([&](auto&& matcher) {
    return attribute(policy, std::move(matcher));
  });
}

result<evaluator> policy_compiler::numeric_attribute(const policy_config& policy) {
  // As in the Collector, 0 means "not set", and one of both has to be set.
  if (policy.min_value == 0 && policy.max_value == 0)
    return fail(errc::invalid_argument, "expected min_value or max_value other than 0");
  using limits = std::numeric_limits<std::int64_t>;
  return attribute(policy, integer_range{policy.min_value == 0 ? limits::min() : policy.min_value,
                                         policy.max_value == 0 ? limits::max() : policy.max_value});
}

result<evaluator> policy_compiler::status_code(const policy_config& policy) {
  static const std::map<std::string_view, unsigned> codes{{"UNSET", 0}, {"OK", 1}, {"ERROR", 2}};
  if (policy.status_codes.empty())
    return fail(errc::invalid_argument, "expected at least one of status_codes OK, ERROR, UNSET");
  status_code_condition condition;
  for (const auto& name : policy.status_codes) {
    const auto code = codes.find(name);
    if (code == codes.end())
      return fail(errc::invalid_argument,
                  fmt::format("unknown status code \"{}\", expected OK, ERROR or UNSET", name));
    condition.mask = static_cast<std::uint8_t>(condition.mask | (1U << code->second));
  }
  return on_span(condition);
}

result<evaluator> policy_compiler::dynamic(const policy_config& policy) {
  static const std::map<std::string_view, span_field> fields{
      {"name", span_field::name},
      {"root_name", span_field::root_name},
      {"kind", span_field::kind},
      {"status_code", span_field::status_code}};
  if (policy.attributes.empty() && policy.fields.empty())
    return fail(errc::invalid_argument, "expected a key: at least one of attributes or fields");
  constexpr std::size_t most = 16;
  if (policy.attributes.size() > most)
    return fail(errc::too_large, fmt::format("more than {} attributes in a key", most));
  const auto before_key = 63 - (predicates_.size() + 63) % 64; // its first bit is aligned
  if (auto room = room_for(before_key + key_bits, policy.attributes.size()); !room)
    return tl::unexpected(room.error());
  const auto key = predicates_.add_key();
  for (const auto& attribute : policy.attributes)
    predicates_.add_to_key(key, attribute);
  for (const auto& name : policy.fields) {
    const auto field = fields.find(name);
    if (field == fields.end())
      return fail(
          errc::invalid_argument,
          fmt::format("unknown field \"{}\", expected name, root_name, kind or status_code", name));
    predicates_.add_to_key(key, field->second);
  }
  dynamic_settings settings;
  settings.goal_rate = policy.goal_sample_rate;
  settings.goal_per_second = static_cast<double>(policy.goal_spans_per_second);
  settings.interval = policy.adjustment_interval_ns;
  settings.weight = policy.weight;
  settings.burst_multiple = policy.burst_multiple;
  settings.burst_delay = static_cast<unsigned>(policy.burst_detection_delay);
  settings.max_keys = static_cast<std::size_t>(policy.max_keys);
  return evaluator{
      dynamic_by_key{key, std::make_shared<dynamic_rates>(settings), ratio(policy.hash_salt)}};
}

result<evaluator> policy_compiler::intelligent(const policy_config& policy) {
  if (auto room = room_for(3, 2); !room)
    return tl::unexpected(room.error());
  constexpr std::int64_t last_status = 599;
  constexpr unsigned error = 2;
  any_or_ratio rule;
  rule.chosen = ratio(policy.hash_salt);
  // As precise as decisions remember it, so that the threshold in the tracestate is the one
  // applied.
  rule.rate = policy.base_percentage > 0 ? static_cast<float>(100 / policy.base_percentage) : 0;
  rule.parts.push_back({seen{predicates_.add(status_code_condition{1U << error}), false}});
  for (const auto* key : {"http.response.status_code", "http.status_code"})
    rule.parts.push_back(
        {seen{predicates_.add(key, number_or_digits{policy.error_status, last_status}), false}});
  rule.parts.push_back({latency_over{policy.slow_ms, 0}});
  return evaluator{std::move(rule)};
}

result<evaluator> policy_compiler::ottl(const policy_config& policy) {
  return room_for(2, 0)
      .and_then([&] { return ottl_condition::compile(policy); })
      .map([&](auto&& condition) {
        return evaluator{seen_unless_failed{predicates_.add(std::move(condition))}};
      });
}

result<evaluator> policy_compiler::composite(const policy_config& policy) {
  return compile_parts(policy).map([&](auto&& parts) {
    auto shares =
        std::make_shared<rate_shares>(allotted_rates(policy), policy.max_total_spans_per_second);
    return evaluator{composite_of{std::move(parts), std::move(shares)}};
  });
}

} // namespace weir::sampling
