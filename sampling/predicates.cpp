#include "sampling/predicates.hpp"

#include "codec/hash.hpp"
#include "editing/work.hpp"
#include "otlp/trace_state.hpp"
#include "sampling/mix.hpp"
#include "sampling/unfinished.hpp"

#include <algorithm>
#include <bit>
#include <charconv>

namespace weir::sampling {

namespace {

template <class... Functions>
struct overloaded : Functions... {
  using Functions::operator()...;
};
template <class... Functions>
overloaded(Functions...) -> overloaded<Functions...>;

/// Sets the bits of one value. `place` tells an attribute's values from those of another.
void add_to(predicate_bits& bits, predicate_number key, std::uint64_t place, std::uint64_t value) {
  constexpr int bits_a_value = 5;
  auto hash = mixed(value ^ mixed(place));
  for (int i = 0; i < bits_a_value; ++i, hash >>= 7)
    bits.set(key + hash % key_bits);
}

std::uint64_t hash_of(const otlp::value_ref& value) noexcept {
  const auto kind = static_cast<std::uint64_t>(value.kind) << 56;
  switch (value.kind) {
  case otlp::value_kind::boolean:
    return kind ^ (value.boolean ? 1U : 0U);
  case otlp::value_kind::integer:
    return kind ^ static_cast<std::uint64_t>(value.integer);
  case otlp::value_kind::real:
    return kind ^ std::bit_cast<std::uint64_t>(value.real);
  default:
    return kind ^ codec::xxh3(value.bytes);
  }
}

bool in_range(const number_or_digits& range, const otlp::value_ref& value) {
  auto number = value.integer;
  if (value.kind == otlp::value_kind::string) {
    const auto* end = value.bytes.data() + value.bytes.size();
    const auto [stop, error] = std::from_chars(value.bytes.data(), end, number);
    if (error != std::errc() || stop != end)
      return false;
  } else if (value.kind != otlp::value_kind::integer) {
    return false;
  }
  return range.min <= number && number <= range.max;
}

} // namespace

std::uint64_t key_of(const predicate_bits& seen, predicate_number first) noexcept {
  static_assert(key_bits == 128);
  return mixed(seen.word(first / 64) ^ mixed(seen.word(first / 64 + 1)));
}

predicate_number predicates::add(std::string_view key, attribute_condition condition) {
  const auto number = static_cast<predicate_number>(count_++);
  find_or_add(key).conditions.emplace_back(number, std::move(condition));
  return number;
}

predicate_number predicates::add_key() {
  const auto first = (count_ + 63) / 64 * 64;
  count_ = first + key_bits;
  return static_cast<predicate_number>(first);
}

void predicates::add_to_key(predicate_number key, std::string_view attribute) {
  find_or_add(attribute).parts_of.push_back(key);
}

void predicates::add_to_key(predicate_number key, span_field field) {
  key_fields_.emplace_back(key, field);
}

predicates::key_conditions& predicates::find_or_add(std::string_view key) {
  if (auto* known = find(key); known != nullptr)
    return *known;
  const auto length = std::min(key.size(), lengths - 1);
  keys_by_length_[length].push_back(static_cast<std::uint16_t>(keys_.size()));
  return keys_.emplace_back(key_conditions{std::string(key), {}, {}});
}

predicate_number predicates::add(span_condition condition) {
  const auto number = static_cast<predicate_number>(count_++);
  on_spans_.emplace_back(number, std::move(condition));
  return number;
}

predicate_number predicates::add(std::shared_ptr<const ottl_condition> condition) {
  const auto number = static_cast<predicate_number>(count_);
  count_ += 2;
  ottl_.emplace_back(number, std::move(condition));
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
  return std::visit(
      overloaded{[&](string_matcher& matcher) {
                   const auto text =
                       value.kind == otlp::value_kind::string ? value.bytes : std::string_view{};
                   // As in the Collector: what is no string reads as "", which never
                   // matches on a span but is asked on a resource.
                   return (on_resource || !text.empty()) && matcher.matches(text);
                 },
                 [&](const integer_range& range) {
                   const auto number = value.kind == otlp::value_kind::integer ? value.integer : 0;
                   return range.min <= number && number <= range.max;
                 },
                 [&](const boolean_value& boolean) {
                   return (value.kind == otlp::value_kind::boolean && value.boolean)
                          == boolean.wanted;
                 },
                 [&](const number_or_digits& range) { return in_range(range, value); }},
      condition);
}

void predicates::observe_attribute(std::string_view key, const otlp::value_ref& value,
                                   bool on_resource, predicate_bits& keys_seen,
                                   predicate_bits& bits) {
  auto* known = find(key);
  if (known == nullptr)
    return;
  // Of a key that stands twice only the first counts.
  const auto index = static_cast<std::size_t>(known - keys_.data());
  if (keys_seen.test(index))
    return;
  keys_seen.set(index);
  for (auto& [number, condition] : known->conditions) {
    if (!bits.test(number) && holds(condition, value, on_resource))
      bits.set(number);
  }
  for (const auto part_of : known->parts_of)
    add_to(bits, part_of, codec::xxh3(known->key), hash_of(value));
}

void predicates::observe_resource(std::string_view envelope, resource_features& features) {
  if (keys_.empty())
    return;
  predicate_bits keys_seen;
  otlp::read_resource_attributes(envelope, [&](std::string_view key, const otlp::value_ref& value) {
    observe_attribute(key, value, true, keys_seen, features.seen);
  });
}

void predicates::observe_span(std::string_view body, trace_features& features) {
  if (!ottl_.empty())
    observe_ottl(body, features);
  if (keys_.empty())
    return observe_summary(otlp::read_span(body), features);
  predicate_bits keys_seen;
  const auto span = otlp::read_span(body, [&](std::string_view key, const otlp::value_ref& value) {
    observe_attribute(key, value, false, keys_seen, features.seen);
  });
  observe_summary(span, features);
}

void predicates::observe_ottl(std::string_view body, trace_features& features) {
  bool open = false;
  for (const auto& [number, condition] : ottl_) {
    const auto failed = static_cast<std::size_t>(number) + 1;
    if (features.seen.test(number) || features.seen.test(failed))
      continue;
    if (!open)
      view_.open(body);
    open = true;
    switch (judge(*condition)) {
    case ottl_condition::answer::yes:
      features.seen.set(number);
      break;
    case ottl_condition::answer::failed:
      features.seen.set(failed);
      break;
    case ottl_condition::answer::no:
      break;
    }
  }
}

// Where the time for the entry is over, errors are what it is: they count as the condition says.
ottl_condition::answer predicates::judge(const ottl_condition& condition) {
  try {
    return condition.judge(view_);
  } catch (const editing::work_ended& over) {
    note_unfinished(over.worker);
    return condition.propagates() ? ottl_condition::answer::failed : ottl_condition::answer::no;
  }
}

void predicates::observe_summary(const otlp::span_summary& span, trace_features& features) {
  features.min_start_ns = std::min(features.min_start_ns, span.start_ns);
  features.max_end_ns = std::max(features.max_end_ns, span.end_ns);
  features.has_root |= span.is_root;
  ++features.spans;
  observe_key_fields(span, features.seen);
  for (auto& [number, condition] : on_spans_) {
    if (features.seen.test(number))
      continue;
    const bool holds = std::visit(
        overloaded{[&](const status_code_condition& wanted) {
                     return span.status_code < 8 && ((wanted.mask >> span.status_code) & 1) != 0;
                   },
                   [&](const sampled_flag_condition&) { return (span.flags & 1) != 0; },
                   [&](trace_state_condition& wanted) {
                     const auto value = otlp::trace_state_value(span.trace_state, wanted.key);
                     return value && wanted.values.matches(*value);
                   }},
        condition);
    if (holds)
      features.seen.set(number);
  }
}

void predicates::observe_key_fields(const otlp::span_summary& span, predicate_bits& bits) const {
  for (const auto& [key, field] : key_fields_) {
    const auto add = [&, key = key, field = field](std::uint64_t value) {
      add_to(bits, key, static_cast<std::uint64_t>(field), value);
    };
    switch (field) {
    case span_field::root_name:
      if (!span.is_root)
        break;
      [[fallthrough]];
    case span_field::name:
      add(codec::xxh3(span.name));
      break;
    case span_field::kind:
      add(span.kind);
      break;
    case span_field::status_code:
      add(span.status_code);
      break;
    }
  }
}

} // namespace weir::sampling
