#include "editing/work.hpp"
#include "ottl/aggregation.hpp"
#include "ottl/functions.hpp"
#include "ottl/metric_data.hpp"

#include <functional>
#include <unordered_map>

// Functions that merge the data points of a metric.
namespace weir::ottl {

namespace wire = otlp::wire;
using otlp::message_id;

namespace {

using enum parameter_type;

/// Says of an entry of a point's attributes whether it stays, or gives it another value.
using edit_entry = std::function<bool(map_entry& entry)>;

/// The points of a metric by what they share.
class point_groups {
public:
  explicit point_groups(evaluation& e)
      : e_(e), data_(*e.on().data), kind_(point_of(data_.message())),
        by_start_(data_.message() != message_id::gauge
                  && data_.number(data_field::temporality) == 1) {}

  void add(std::string_view point) {
    const auto known = index_.try_emplace(merge_key(kind_, point, by_start_), groups_.size());
    if (known.second)
      groups_.emplace_back();
    groups_[known.first->second].push_back(point);
    work().spend(200 + point.size());
  }

  /// Puts one point in the place of each group, as the metric's data.
  bool merge(aggregation method) {
    std::string made;
    for (const auto& group : groups_) {
      const bool alone = group.size() == 1 && method != aggregation::count;
      const auto point = alone ? std::nullopt : merge_points(kind_, group, method, *e_.on().beside);
      if (!alone && !point)
        return e_.fail("the buckets lie too far apart to be merged");
      wire::append_bytes_field(made, data_field::points, alone ? group.front() : *point);
    }
    wire::for_each_field(data_.write(), [&](const wire::field& f) {
      if (f.type == wire::type::varint)
        wire::append_varint_field(made, f.number, f.value);
    });
    put_data(e_.on(), data_of(*e_.on().metric).number, data_.message(), made);
    return true;
  }

private:
  evaluation& e_;
  item& data_;
  message_id kind_;
  bool by_start_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::vector<std::string_view>> groups_;
};

/// A point with its attributes edited, in memory that lives until the message is written.
std::string_view edited_point(evaluation& e, std::string_view bytes, const edit_entry& edit) {
  const auto& subject = e.on();
  item point(subject.metric->memory());
  point.open(point_of(subject.data->message()), bytes);
  point.for_each_attribute([&](item::attribute& a) {
    map_entry entry{a.key(), a.any()};
    if (!edit(entry))
      a.erase();
    else if (entry.any != a.any())
      a.set(entry.any);
  });
  return point.write();
}

bool aggregate(evaluation& e, aggregation aggregation, const edit_entry& edit) {
  const auto& subject = e.on();
  if (subject.data == nullptr)
    return true;
  if (subject.data->message() == message_id::summary)
    return e.fail("summaries cannot be aggregated");
  point_groups groups(e);
  for_each_point_bytes(subject, [&](std::string_view point) {
    groups.add(edit ? edited_point(e, point, edit) : point);
  });
  return groups.merge(aggregation);
}

aggregation named_in(evaluation& e, const call_info& c) {
  return *aggregation_named(e.node(c.arguments[0]).literal.bytes);
}

bool has_text(std::string_view list, std::string_view text) {
  bool found = false;
  for_each_item(list, [&](std::string_view any) { found = found || string_of(any) == text; });
  return found;
}

bool on_attributes(evaluation& e, const call_info& c, value&) {
  value keys;
  if (!c.arguments[1].given())
    return aggregate(e, named_in(e, c), {});
  if (!e.get_of(c.arguments[1], value_type::list, keys))
    return false;
  return aggregate(e, named_in(e, c),
                   [&](map_entry& entry) { return has_text(keys.bytes, entry.key); });
}

bool on_attribute_value(evaluation& e, const call_info& c, value&) {
  value values;
  if (!e.get_of(c.arguments[2], value_type::list, values))
    return false;
  const auto key = e.node(c.arguments[1]).literal.bytes;
  const auto replacement = e.node(c.arguments[3]).any;
  return aggregate(e, named_in(e, c), [&](map_entry& entry) {
    if (entry.key == key && has_text(values.bytes, string_of(entry.any)))
      entry.any = replacement;
    return true;
  });
}

std::string check_name(const program& code, const call_info& c) {
  return aggregation_named(code.expressions[c.arguments[0].expression].literal.bytes)
             ? ""
             : "found another aggregation, expected `sum`, `mean`, `min`, `max`, `median` or "
               "`count`";
}

} // namespace

std::span<const function_info> aggregation_functions() {
  constexpr auto nothing = result_type::nothing;
  static const std::vector<function_info> table{
      {"aggregate_on_attributes",
       nothing,
       {{"aggregation_function", text_literal}, {"attributes", text_list_literal, true}},
       &on_attributes,
       &check_name,
       metrics_only},
      {"aggregate_on_attribute_value",
       nothing,
       {{"aggregation_function", text_literal},
        {"attribute", text_literal},
        {"values", text_list_literal},
        {"new_value", text_literal}},
       &on_attribute_value,
       &check_name,
       metrics_only},
  };
  return table;
}

} // namespace weir::ottl
