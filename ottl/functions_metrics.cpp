#include "ottl/functions.hpp"
#include "ottl/metric_data.hpp"

#include <bit>
#include <cmath>
#include <vector>

// Functions of metrics and their points.
namespace weir::ottl {

namespace wire = otlp::wire;
using otlp::message_id;

namespace {

using enum parameter_type;

constexpr std::uint8_t points_only = 1U << static_cast<unsigned>(context_kind::datapoint);
constexpr std::uint32_t gauge_field = 5;
constexpr std::uint32_t sum_field = 7;
constexpr std::uint32_t temporality_field = 2;
constexpr std::uint32_t monotonic_field = 3;

/// Whether a point of the metric has the attribute; `wanted`: and this text as its value.
bool any_point_has(const item* data, std::string_view key, const std::string_view* wanted) {
  if (data == nullptr)
    return false;
  const auto number = attributes_field(point_of(data->message()));
  bool found = false;
  wire::for_each_field(data->write(), [&](const wire::field& point) {
    if (found || point.number != 1 || point.type != wire::type::bytes)
      return;
    bool seen = false; // of a key that stands twice the first counts
    wire::for_each_field(point.bytes, [&](const wire::field& f) {
      if (seen || f.number != number || f.type != wire::type::bytes)
        return;
      const auto entry = read_entry(f.bytes);
      seen = entry.key == key;
      found = found || (seen && (wanted == nullptr || string_of(entry.any) == *wanted));
    });
  });
  return found;
}

bool has_key_on_point(evaluation& e, const call_info& c, value& out) {
  std::string_view key;
  if (!e.get_text(c.arguments[0], key))
    return false;
  out = value::of(any_point_has(e.on().data, key, nullptr));
  return true;
}

bool has_attribute_on_point(evaluation& e, const call_info& c, value& out) {
  std::string_view key;
  std::string_view wanted;
  if (!e.get_text(c.arguments[0], key) || !e.get_text(c.arguments[1], wanted))
    return false;
  out = value::of(any_point_has(e.on().data, key, &wanted));
  return true;
}

/// Puts the metric's data under another field, as a message of another kind.
void move_data(const subject& subject, std::uint32_t source, std::uint32_t target,
               message_id kind) {
  const auto bytes = subject.data->write();
  subject.metric->erase_field(source);
  subject.metric->set_bytes(target, bytes);
  subject.data->open(kind, bytes);
}

bool sum_to_gauge(evaluation& e, const call_info&, value&) {
  const auto& subject = e.on();
  if (subject.data == nullptr || subject.data->message() != message_id::sum)
    return true;
  move_data(subject, sum_field, gauge_field, message_id::gauge);
  subject.data->erase_field(temporality_field);
  subject.data->erase_field(monotonic_field);
  return true;
}

bool gauge_to_sum(evaluation& e, const call_info& c, value&) {
  const auto& subject = e.on();
  bool monotonic = false;
  if (!e.get_boolean(c.arguments[1], monotonic))
    return false;
  if (subject.data == nullptr || subject.data->message() != message_id::gauge)
    return true;
  move_data(subject, gauge_field, sum_field, message_id::sum);
  subject.data->set_varint(temporality_field,
                           e.node(c.arguments[0]).literal.bytes == "delta" ? 1 : 2);
  subject.data->set_varint(monotonic_field, monotonic ? 1 : 0);
  return true;
}

std::string check_gauge_to_sum(const program& code, const call_info& c) {
  const auto temporality = code.expressions[c.arguments[0].expression].literal.bytes;
  return temporality == "delta" || temporality == "cumulative"
             ? ""
             : "found another aggregation temporality, expected `delta` or `cumulative`";
}

void put_numbers(item& point, std::uint32_t number, const std::vector<std::uint64_t>& numbers) {
  auto& memory = point.memory();
  auto* bytes = memory.allocate(numbers.size() * sizeof(std::uint64_t));
  if (!numbers.empty())
    std::memcpy(bytes, numbers.data(), numbers.size() * sizeof(std::uint64_t));
  point.erase_field(number);
  point.set_bytes(number, {bytes, numbers.size() * sizeof(std::uint64_t)});
}

/// Takes a bound out: what was counted below it is counted with the bucket above.
bool merge_buckets(evaluation& e, const call_info& c, value&) {
  constexpr std::uint32_t counts_field = 6;
  constexpr std::uint32_t bounds_field = 7;
  constexpr double tolerance = 1e-12;
  value wanted;
  if (!e.get(c.arguments[0], wanted))
    return false;
  if (!wanted.is(value_type::real) && !wanted.is(value_type::integer))
    return e.fail("expected a number as the bound", wanted.type);
  const auto bound =
      wanted.is(value_type::real) ? wanted.real : static_cast<double>(wanted.integer);
  auto& point = *e.on().point;
  if (point.message() != message_id::histogram_data_point)
    return true;
  auto bounds = numbers_in(point.write(), bounds_field, false);
  auto counts = numbers_in(point.write(), counts_field, false);
  if (bounds.size() + 1 != counts.size())
    return true;
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (!(std::abs(std::bit_cast<double>(bounds[i]) - bound) < tolerance))
      continue;
    counts[i + 1] += counts[i];
    counts.erase(counts.begin() + static_cast<std::ptrdiff_t>(i));
    bounds.erase(bounds.begin() + static_cast<std::ptrdiff_t>(i));
    put_numbers(point, counts_field, counts);
    put_numbers(point, bounds_field, bounds);
    return true;
  }
  return true;
}

} // namespace

std::span<const function_info> metric_functions() {
  constexpr auto nothing = result_type::nothing;
  constexpr auto yes_or_no = result_type::boolean;
  static const std::vector<function_info> table{
      {"convert_sum_to_gauge", nothing, {}, &sum_to_gauge, nullptr, metrics_only},
      {"convert_gauge_to_sum",
       nothing,
       {{"string_agg_temp", text_literal}, {"monotonic", boolean}},
       &gauge_to_sum,
       &check_gauge_to_sum,
       metrics_only},
      {"merge_histogram_buckets", nothing, {{"bound", any}}, &merge_buckets, nullptr, points_only},
      {"HasAttrOnDatapoint",
       yes_or_no,
       {{"key", text}, {"expected_val", text}},
       &has_attribute_on_point,
       nullptr,
       metrics_only},
      {"HasAttrKeyOnDatapoint",
       yes_or_no,
       {{"key", text}},
       &has_key_on_point,
       nullptr,
       metrics_only},
  };
  return table;
}

} // namespace weir::ottl
