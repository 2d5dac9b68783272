#include "editing/work.hpp"
#include "ottl/functions.hpp"
#include "ottl/metric_data.hpp"

// Functions that put another metric beside the one in hand.
namespace weir::ottl {

namespace wire = otlp::wire;
using otlp::message_id;

namespace {

using enum parameter_type;

constexpr std::uint8_t points_only = 1U << static_cast<unsigned>(context_kind::datapoint);
constexpr std::uint64_t cumulative = 2;

std::string_view text_or(evaluation& e, const argument& a, std::string_view otherwise) {
  return a.given() ? e.node(a).literal.bytes : otherwise;
}

bool is_kind(const subject& subject, message_id kind) {
  return subject.data != nullptr && subject.data->message() == kind;
}

/// Of a histogram its own; a summary counts from its start on.
std::uint64_t temporality_of(const subject& subject) {
  if (is_kind(subject, message_id::summary))
    return cumulative;
  const bool has_any = is_kind(subject, message_id::histogram)
                       || is_kind(subject, message_id::exponential_histogram);
  return has_any ? subject.data->number(data_field::temporality) : 0;
}

/// The sum of each point, or its count, as the points of a sum.
bool add_parts(evaluation& e, metric_maker& made, bool sums) {
  const auto& subject = e.on();
  const auto kind = point_of(subject.data->message());
  const bool always = !sums || kind == message_id::summary_data_point;
  bool good = true;
  std::string value;
  for_each_point_bytes(subject, [&](std::string_view point) {
    const auto found = number_in(point, sums ? point_field::sum : point_field::count);
    if (!good || (!found.there && !always))
      return;
    value.clear();
    wire::append_fixed64_field(value, sums ? number_field::real : number_field::integer,
                               found.bits);
    good = made.add(kind, point, value);
  });
  return good;
}

bool extract(evaluation& e, const call_info& c, bool sums) {
  const auto temporality = temporality_of(e.on());
  if (temporality == 0)
    return e.fail("expected a histogram that has an aggregation temporality, or a summary");
  metric_maker made(e, text_or(e, c.arguments[1], sums ? "_sum" : "_count"), temporality,
                    e.node(c.arguments[0]).literal.boolean);
  if (!sums)
    made.set_unit("1"); // what is counted has none
  return add_parts(e, made, sums) && (made.size() == 0 || made.finish());
}

bool extract_sum(evaluation& e, const call_info& c, value&) {
  return extract(e, c, true);
}
bool extract_count(evaluation& e, const call_info& c, value&) {
  return extract(e, c, false);
}

bool summary_to_sum(evaluation& e, const call_info& c, bool sums) {
  if (!is_kind(e.on(), message_id::summary))
    return true;
  metric_maker made(e, text_or(e, c.arguments[2], sums ? "_sum" : "_count"),
                    e.node(c.arguments[0]).literal.bytes == "delta" ? 1 : cumulative,
                    e.node(c.arguments[1]).literal.boolean);
  return add_parts(e, made, sums) && made.finish();
}

bool summary_sums(evaluation& e, const call_info& c, value&) {
  return summary_to_sum(e, c, true);
}
bool summary_counts(evaluation& e, const call_info& c, value&) {
  return summary_to_sum(e, c, false);
}

std::string check_temporality(const program& code, const call_info& c) {
  const auto named = code.expressions[c.arguments[0].expression].literal.bytes;
  return named == "delta" || named == "cumulative"
             ? ""
             : "found another aggregation temporality, expected `delta` or `cumulative`";
}

/// A point without the attributes of that key: another value comes in their place.
std::string without_attribute(std::string_view point, std::string_view key) {
  constexpr auto attributes = attributes_field(message_id::summary_data_point);
  std::string left;
  wire::for_each_field(point, [&](const wire::field& f) {
    if (f.number == attributes && f.type == wire::type::bytes && read_entry(f.bytes).key != key)
      wire::append_bytes_field(left, attributes, f.bytes);
    else if (f.number == point_field::start || f.number == point_field::time)
      wire::append_fixed64_field(left, f.number, f.value);
  });
  return left;
}

std::string quantile_point(std::string_view key, std::string_view quantile) {
  std::string any;
  std::string entry;
  std::string made;
  wire::append_double_field(any, 4, number_in(quantile, 1).real());
  wire::append_bytes_field(entry, 1, key);
  wire::append_bytes_field(entry, 2, any);
  wire::append_bytes_field(made, number_field::attributes, entry);
  wire::append_fixed64_field(made, number_field::real, number_in(quantile, 2).bits);
  return made;
}

bool summary_quantiles(evaluation& e, const call_info& c, value&) {
  const auto& subject = e.on();
  if (!is_kind(subject, message_id::summary))
    return true;
  const auto key = text_or(e, c.arguments[0], "quantile");
  metric_maker made(e, text_or(e, c.arguments[1], ".quantiles"), 0, false);
  bool good = true;
  for_each_point_bytes(subject, [&](std::string_view point) {
    const auto around = without_attribute(point, key);
    wire::for_each_field(point, [&](const wire::field& f) {
      if (good && f.number == summary_field::quantiles && f.type == wire::type::bytes)
        good = made.add(message_id::summary_data_point, around, quantile_point(key, f.bytes));
    });
  });
  return good && made.finish();
}

/// Puts a text that was given into the copy.
bool rename(evaluation& e, const argument& a, std::uint32_t number, item& copy) {
  std::string_view text;
  if (!a.given())
    return true;
  if (!e.get_text(a, text))
    return false;
  copy.set_bytes(number, text);
  return true;
}

bool copy_metric(evaluation& e, const call_info& c, value&) {
  const auto& subject = e.on();
  if (const auto now = data_of(*subject.metric); now.number != 0 && subject.data != nullptr)
    subject.metric->put_message(now.number, *subject.data);
  item copy(subject.metric->memory());
  const auto whole = subject.metric->write();
  copy.open(message_id::metric, whole);
  if (!rename(e, c.arguments[0], metric_field::name, copy)
      || !rename(e, c.arguments[1], metric_field::description, copy)
      || !rename(e, c.arguments[2], metric_field::unit, copy))
    return false;
  work().spend(whole.size() / 2);
  if (!subject.beside->has_room(copy.size()))
    return e.fail(no_room_for_items);
  subject.beside->add(copy.write());
  return true;
}

} // namespace

std::span<const function_info> made_metric_functions() {
  constexpr auto nothing = result_type::nothing;
  const auto row = [](std::string_view name, std::vector<parameter> parameters, function_body body,
                      std::uint8_t contexts) {
    return function_info{name, nothing, std::move(parameters), body, nullptr, contexts, true};
  };
  const auto to_sum = [](std::string_view name, function_body body) {
    return function_info{name,
                         nothing,
                         {{"string_agg_temp", text_literal},
                          {"monotonic", boolean_literal},
                          {"suffix", text_literal, true}},
                         body,
                         &check_temporality,
                         points_only,
                         true};
  };
  const std::vector<parameter> extracting{{"monotonic", boolean_literal},
                                          {"suffix", text_literal, true}};
  static const std::vector<function_info> table{
      row("extract_sum_metric", extracting, &extract_sum, metrics_only),
      row("extract_count_metric", extracting, &extract_count, metrics_only),
      to_sum("convert_summary_sum_val_to_sum", &summary_sums),
      to_sum("convert_summary_count_val_to_sum", &summary_counts),
      row("convert_summary_quantile_val_to_gauge",
          {{"attribute_key", text_literal, true}, {"suffix", text_literal, true}},
          &summary_quantiles, metrics_only),
      row("copy_metric", {{"name", text, true}, {"description", text, true}, {"unit", text, true}},
          &copy_metric, metrics_only),
  };
  return table;
}

} // namespace weir::ottl
