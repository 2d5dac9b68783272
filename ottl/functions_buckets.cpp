#include "editing/work.hpp"
#include "ottl/bucket_spreading.hpp"
#include "ottl/convert.hpp"
#include "ottl/functions.hpp"
#include "ottl/metric_data.hpp"
#include "ottl/quantile.hpp"

#include <fmt/format.h>

// Functions that calculate with what points hold.
namespace weir::ottl {

namespace wire = otlp::wire;
using otlp::message_id;

namespace {

using enum parameter_type;

bool is_kind(const subject& subject, message_id kind) {
  return subject.data != nullptr && subject.data->message() == kind;
}

// -- scale_metric --

void scale_real(item& item, std::uint32_t number, double factor) {
  if (item.has_field(number))
    item.set_real(number, item.real(number) * factor);
}

void scale_integer(item& item, std::uint32_t number, double factor) {
  if (item.has_field(number))
    item.set_fixed64(
        number, static_cast<std::uint64_t>(to_integer(
                    static_cast<double>(static_cast<std::int64_t>(item.number(number))) * factor)));
}

void scale_bounds(item& point, double factor) {
  auto bounds = numbers_in(point.write(), histogram_field::bounds, false);
  if (bounds.empty())
    return;
  std::string bytes;
  for (const auto bits : bounds)
    wire::append_fixed(bytes, std::bit_cast<double>(bits) * factor);
  point.set_bytes(histogram_field::bounds, point.memory().copy(bytes));
}

void scale_histogram(item& point, double factor) {
  for (const auto number : {point_field::sum, histogram_field::min, histogram_field::max})
    scale_real(point, number, factor);
  scale_bounds(point, factor);
  item exemplar(point.memory());
  point.for_each_message(histogram_field::exemplars, message_id::exemplar, exemplar,
                         [&](item& one) {
                           scale_real(one, 3, factor);
                           scale_integer(one, 6, factor);
                           return true;
                         });
}

void scale_summary(item& point, double factor) {
  scale_real(point, point_field::sum, factor);
  item quantile(point.memory());
  point.for_each_message(summary_field::quantiles, message_id::value_at_quantile, quantile,
                         [&](item& one) {
                           scale_real(one, 2, factor);
                           return true;
                         });
}

void scale_point(item& point, double factor) {
  work().spend(200 + point.original().size());
  switch (point.message()) {
  case message_id::histogram_data_point:
    return scale_histogram(point, factor);
  case message_id::summary_data_point:
    return scale_summary(point, factor);
  default:
    scale_real(point, number_field::real, factor);
    scale_integer(point, number_field::integer, factor);
  }
}

bool scale_metric(evaluation& e, const call_info& c, value&) {
  const auto& subject = e.on();
  std::string_view unit;
  if (c.arguments[1].given() && !e.get_text(c.arguments[1], unit))
    return false;
  if (subject.data == nullptr || is_kind(subject, message_id::exponential_histogram))
    return e.fail("expected a gauge, sum, histogram or summary");
  item point(subject.metric->memory());
  subject.data->for_each_message(data_field::points, point_of(subject.data->message()), point,
                                 [&](item& one) {
                                   scale_point(one, e.node(c.arguments[0]).literal.real);
                                   return true;
                                 });
  if (c.arguments[1].given())
    subject.metric->set_bytes(metric_field::unit, subject.metric->memory().copy(unit));
  return true;
}

// -- extract_percentile_metric --

bool extract_percentile(evaluation& e, const call_info& c, value&) {
  const auto& subject = e.on();
  if (!is_kind(subject, message_id::histogram)
      && !is_kind(subject, message_id::exponential_histogram))
    return true;
  const auto percentile = e.node(c.arguments[0]).literal.real;
  const auto named = fmt::format("p{}", percentile);
  std::string_view suffix = c.arguments[1].given() ? e.node(c.arguments[1]).literal.bytes : "";
  metric_maker made(e, suffix.empty() ? "_" + named : std::string(suffix), 0, false);
  const auto description = subject.metric->bytes(metric_field::description);
  made.set_description(description.empty() ? named : fmt::format("{} ({})", description, named));
  bool good = true;
  std::string value;
  const auto kind = point_of(subject.data->message());
  for_each_point_bytes(subject, [&](std::string_view point) {
    if (!good)
      return;
    work().spend(200 + point.size());
    const auto found = quantile_of(kind, point, percentile);
    if (found.result == quantile_result::outcome::malformed)
      good = e.fail("the histogram's counts and bounds do not fit together");
    if (found.result != quantile_result::outcome::found)
      return;
    value.clear();
    wire::append_double_field(value, number_field::real, found.value);
    good = made.add(kind, point, value);
  });
  return good && (made.size() == 0 || made.finish());
}

std::string check_percentile(const program& code, const call_info& c) {
  const auto given = code.expressions[c.arguments[0].expression].literal.real;
  return given > 0 && given < 100 ? "" : "found another percentile, expected one between 0 and 100";
}

// -- convert_exponential_histogram_to_histogram --

std::vector<double> bounds_of(std::string_view list) {
  std::vector<double> bounds;
  for_each_item(list, [&](std::string_view any) { bounds.push_back(from_wire(any).real); });
  return bounds;
}

std::string with_bounds(std::string_view point, const std::vector<double>& bounds,
                        spreading spreading) {
  std::string made;
  copy_fields(point, exponential_field::attributes, made, histogram_field::attributes);
  copy_fields(point, exponential_field::exemplars, made, histogram_field::exemplars);
  for (const auto& [source, target] :
       std::initializer_list<std::pair<std::uint32_t, std::uint32_t>>{
           {point_field::start, point_field::start},
           {point_field::time, point_field::time},
           {point_field::count, point_field::count},
           {point_field::sum, point_field::sum},
           {exponential_field::min, histogram_field::min},
           {exponential_field::max, histogram_field::max}})
    if (const auto found = number_in(point, source); found.there)
      wire::append_fixed64_field(made, target, found.bits);
  append_packed(made, histogram_field::counts, spread_buckets(point, bounds, spreading));
  std::vector<std::uint64_t> bits;
  for (const auto bound : bounds)
    bits.push_back(std::bit_cast<std::uint64_t>(bound));
  append_packed(made, histogram_field::bounds, bits);
  return made;
}

bool exponential_to_histogram(evaluation& e, const call_info& c, value&) {
  const auto& subject = e.on();
  if (!is_kind(subject, message_id::exponential_histogram))
    return true;
  value list;
  if (!e.get_of(c.arguments[1], value_type::list, list))
    return false;
  const auto bounds = bounds_of(list.bytes);
  const auto spreading = *spreading_named(e.node(c.arguments[0]).literal.bytes);
  std::string made;
  bool good = true;
  for_each_point_bytes(subject, [&](std::string_view point) {
    if (!good)
      return;
    const auto one = with_bounds(point, bounds, spreading);
    wire::append_bytes_field(made, data_field::points, one);
    good = subject.beside->claim(one.size() > point.size() ? one.size() - point.size() : 0);
  });
  if (!good)
    return e.fail(no_room_for_items);
  if (const auto temporality = subject.data->number(data_field::temporality); temporality != 0)
    wire::append_varint_field(made, data_field::temporality, temporality);
  put_data(subject, metric_field::histogram, message_id::histogram, made);
  return true;
}

std::string check_conversion(const program& code, const call_info& c) {
  if (!spreading_named(code.expressions[c.arguments[0].expression].literal.bytes))
    return "found another way to convert, expected `upper`, `midpoint`, `random` or `uniform`";
  return code.expressions[c.arguments[1].expression].parts.count != 0
             ? ""
             : "found no bounds, expected at least one";
}

} // namespace

std::span<const function_info> bucket_functions() {
  constexpr auto nothing = result_type::nothing;
  static const std::vector<function_info> table{
      {"scale_metric",
       nothing,
       {{"multiplier", real_literal}, {"unit", text, true}},
       &scale_metric,
       nullptr,
       metrics_only},
      {"extract_percentile_metric",
       nothing,
       {{"percentile", real_literal}, {"suffix", text_literal, true}},
       &extract_percentile,
       &check_percentile,
       metrics_only,
       true},
      {"convert_exponential_histogram_to_histogram",
       nothing,
       {{"distribution_fn", text_literal}, {"explicit_bounds", real_list_literal}},
       &exponential_to_histogram,
       &check_conversion,
       metrics_only},
  };
  return table;
}

} // namespace weir::ottl
