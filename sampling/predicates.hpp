#pragma once

#include "otlp/features.hpp"
#include "sampling/features.hpp"
#include "sampling/ottl_condition.hpp"
#include "sampling/string_matcher.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::sampling {

/// Number of a predicate: its bit in predicate_bits.
using predicate_number = std::uint16_t;

/// An attribute whose value is an integer in [min, max]. Source: the Collector's numeric_attribute;
/// as there, a value of another type counts as 0.
struct integer_range {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

/// An attribute that is this boolean; a value of another type counts as false, as in the Collector.
struct boolean_value {
  bool wanted = false;
};

/// An attribute that is a number in [min, max], as an integer or as its digits in a string: HTTP
/// status codes come both ways.
struct number_or_digits {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

using attribute_condition =
    std::variant<string_matcher, integer_range, boolean_value, number_or_digits>;

/// A span whose status code is one of a set: bit `code` of the mask.
struct status_code_condition {
  std::uint8_t mask = 0;
};

/// A span with the W3C sampled flag.
struct sampled_flag_condition {};

/// A span whose tracestate has one of these values under a key.
struct trace_state_condition {
  std::string key;
  string_matcher values;
};

using span_condition =
    std::variant<status_code_condition, sampled_flag_condition, trace_state_condition>;

/// A field of spans whose values are part of a trace's key.
enum class span_field : std::uint8_t { name, root_name, kind, status_code };

/// Bits that a key takes of predicate_bits.
inline constexpr std::size_t key_bits = 128;

/// The key of a trace: which values of some attributes and fields its spans and resources have, in
/// whatever order and however often they came. Each value sets five bits of `key_bits`, so that a
/// key grows as predicates do; with more than some twenty values per trace keys become alike.
std::uint64_t key_of(const predicate_bits& seen, predicate_number first) noexcept;

/// All conditions that a policy set asks of spans and resources, each with its number. One walk
/// over a span's fields answers all of them. Copies are independent; one thread at a time.
class predicates {
public:
  /// @pre size() < max_predicates
  predicate_number add(std::string_view key, attribute_condition condition);
  predicate_number add(span_condition condition);

  /// Makes room for a key and returns its first bit (a multiple of 64).
  /// @pre size() + 64 + key_bits <= max_predicates
  predicate_number add_key();
  /// Values of an attribute, or of a field, are part of that key.
  /// @pre fewer than max_predicates attributes are looked at
  void add_to_key(predicate_number key, std::string_view attribute);
  void add_to_key(predicate_number key, span_field field);

  std::size_t attributes() const noexcept { return keys_.size(); }
  /// Conditions in OTTL: the first number is set where one holds, the one behind it where one
  /// failed before that.
  predicate_number add(std::shared_ptr<const ottl_condition> condition);

  std::size_t size() const noexcept { return count_; }

  /// Before the spans of a (resource, scope) pair, whose message must live as long as they are
  /// observed. Needed only by conditions in OTTL. `same_resource`: as in the pair before.
  void begin_group(std::string_view message, const otlp::span_index& index, std::uint32_t group,
                   bool same_resource = false) {
    if (!ottl_.empty())
      view_.begin_group(message, index, group, same_resource);
  }

  /// Evaluates the attributes of a resource; the envelope may come in several slices.
  void observe_resource(std::string_view envelope, resource_features& features);

  /// Evaluates one span: predicates, times, root. Not its bytes, nor its resource.
  void observe_span(std::string_view body, trace_features& features);

private:
  struct key_conditions {
    std::string key;
    std::vector<std::pair<predicate_number, attribute_condition>> conditions;
    std::vector<predicate_number> parts_of; ///< Keys of traces.
  };

  static constexpr std::size_t lengths = 64;

  key_conditions* find(std::string_view key);
  key_conditions& find_or_add(std::string_view key);
  void observe_attribute(std::string_view key, const otlp::value_ref& value, bool on_resource,
                         predicate_bits& keys_seen, predicate_bits& bits);
  void observe_summary(const otlp::span_summary& span, trace_features& features);
  void observe_key_fields(const otlp::span_summary& span, predicate_bits& bits) const;
  void observe_ottl(std::string_view body, trace_features& features);
  ottl_condition::answer judge(const ottl_condition& condition);
  static bool holds(attribute_condition& condition, const otlp::value_ref& value, bool on_resource);

  std::size_t count_ = 0;
  std::vector<key_conditions> keys_;
  std::array<std::vector<std::uint16_t>, lengths>
      keys_by_length_; ///< Last one: that long or longer.
  std::vector<std::pair<predicate_number, span_condition>> on_spans_;
  std::vector<std::pair<predicate_number, span_field>> key_fields_;
  std::vector<std::pair<predicate_number, std::shared_ptr<const ottl_condition>>> ottl_;
  span_view view_;
};

} // namespace weir::sampling
