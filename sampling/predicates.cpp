#include "sampling/predicates.hpp"

#include "sampling/trace_state.hpp"

#include <algorithm>

namespace weir::sampling {

namespace {

template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;

} // namespace

predicate_number predicates::add(std::string_view key, attribute_condition condition) {
  const auto number = static_cast<predicate_number>(count_++);
  auto* known = find(key);
  if (known == nullptr) {
    const auto length = std::min(key.size(), lengths - 1);
    keys_by_length_[length].push_back(static_cast<std::uint16_t>(keys_.size()));
    known = &keys_.emplace_back(key_conditions{std::string(key), {}});
  }
  known->conditions.emplace_back(number, std::move(condition));
  return number;
}

predicate_number predicates::add(span_condition condition) {
  const auto number = static_cast<predicate_number>(count_++);
  on_spans_.emplace_back(number, std::move(condition));
  return number;
}

predicates::key_conditions* predicates::find(std::string_view key) {
  for (const auto index : keys_by_length_[std::min(key.size(), lengths - 1)]) {
    if (keys_[index].key == key)
      return &keys_[index];
  }
  return nullptr;
}

bool predicates::holds(attribute_condition& condition, const otlp::value_ref& value,
                       bool on_resource) {
  return std::visit(overloaded{[&](string_matcher& matcher) {
                                 const auto text = value.kind == otlp::value_kind::string
                                                       ? value.bytes
                                                       : std::string_view{};
                                 // As in the Collector: what is no string reads as "", which never
                                 // matches on a span but is asked on a resource.
                                 return (on_resource || !text.empty()) && matcher.matches(text);
                               },
                               [&](const integer_range& range) {
                                 const auto number =
                                     value.kind == otlp::value_kind::integer ? value.integer : 0;
                                 return range.min <= number && number <= range.max;
                               },
                               [&](const boolean_value& boolean) {
                                 return (value.kind == otlp::value_kind::boolean && value.boolean)
                                        == boolean.wanted;
                               }},
                    condition);
}

void predicates::observe_attribute(std::string_view key, const otlp::value_ref& value,
                                   bool on_resource, predicate_bits& keys_seen,
                                   predicate_bits& into) {
  auto* known = find(key);
  if (known == nullptr)
    return;
  // Of a key that stands twice only the first counts.
  const auto index = static_cast<std::size_t>(known - keys_.data());
  if (keys_seen.test(index))
    return;
  keys_seen.set(index);
  for (auto& [number, condition] : known->conditions) {
    if (!into.test(number) && holds(condition, value, on_resource))
      into.set(number);
  }
}

void predicates::observe_resource(std::string_view envelope, resource_features& into) {
  if (keys_.empty())
    return;
  predicate_bits keys_seen;
  otlp::read_resource_attributes(envelope, [&](std::string_view key, const otlp::value_ref& value) {
    observe_attribute(key, value, true, keys_seen, into.seen);
  });
}

void predicates::observe_span(std::string_view body, trace_features& into) {
  if (keys_.empty())
    return observe_summary(otlp::read_span(body), into);
  predicate_bits keys_seen;
  const auto span = otlp::read_span(body, [&](std::string_view key, const otlp::value_ref& value) {
    observe_attribute(key, value, false, keys_seen, into.seen);
  });
  observe_summary(span, into);
}

void predicates::observe_summary(const otlp::span_summary& span, trace_features& into) {
  into.min_start_ns = std::min(into.min_start_ns, span.start_ns);
  into.max_end_ns = std::max(into.max_end_ns, span.end_ns);
  into.has_root |= span.is_root;
  ++into.spans;
  for (auto& [number, condition] : on_spans_) {
    if (into.seen.test(number))
      continue;
    const bool holds = std::visit(
        overloaded{[&](const status_code_condition& wanted) {
                     return span.status_code < 8 && ((wanted.mask >> span.status_code) & 1) != 0;
                   },
                   [&](const sampled_flag_condition&) { return (span.flags & 1) != 0; },
                   [&](trace_state_condition& wanted) {
                     const auto value = trace_state_value(span.trace_state, wanted.key);
                     return value && wanted.values.matches(*value);
                   }},
        condition);
    if (holds)
      into.seen.set(number);
  }
}

} // namespace weir::sampling
