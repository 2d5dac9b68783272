// path_access of ottl/path_access.hpp: what belongs to a metric and its points.
#include "ottl/path_access.hpp"

namespace weir::ottl {

namespace wire = otlp::wire;
using otlp::message_id;

namespace {

bool is_number(message_id message) {
  return message == message_id::number_data_point;
}

/// Flags, exemplars: where they stand in each kind of point; 0: it has none.
std::uint32_t flags_field(message_id message) {
  return message == message_id::number_data_point || message == message_id::summary_data_point ? 8
                                                                                               : 10;
}
std::uint32_t exemplars_field(message_id message) {
  switch (message) {
  case message_id::number_data_point:
    return 5;
  case message_id::histogram_data_point:
    return 8;
  case message_id::exponential_histogram_data_point:
    return 11;
  default:
    return 0;
  }
}

/// The number of a metric's type as the Collector counts them.
std::int64_t type_of(const item* data) {
  if (data == nullptr)
    return 0;
  switch (data->message()) {
  case message_id::gauge:
    return 1;
  case message_id::sum:
    return 2;
  case message_id::histogram:
    return 3;
  case message_id::exponential_histogram:
    return 4;
  case message_id::summary:
    return 5;
  default:
    return 0;
  }
}

bool has_temporality(const item* data) {
  const auto type = type_of(data);
  return type >= 2 && type <= 4;
}

/// The numbers of a packed field of eight bytes each, as a list.
template <class Make>
void append_packed(const item& point, std::uint32_t number, text_builder& list, Make&& make) {
  wire::for_each_field(point.original(), [&](const wire::field& f) {
    if (f.number != number)
      return;
    if (f.type == wire::type::fixed64)
      return append_element(list, make(f.value));
    const char* next = f.bytes.data();
    const char* end = next + f.bytes.size();
    for (std::uint64_t bits = 0; (next = wire::read_fixed(next, end, bits)) != nullptr;)
      append_element(list, make(bits));
  });
}

} // namespace

bool path_access::get_metric(value& out) {
  const auto* data = e_.subject_.data;
  switch (info_.form) {
  case access::metric_type:
    out = value::of(type_of(data));
    return true;
  case access::metric_varint:
    if (has_temporality(data))
      out = value::of(static_cast<std::int64_t>(data->number(info_.field)));
    return true;
  case access::metric_boolean:
    if (type_of(data) == 2)
      out = value::of(data->number(info_.field) != 0);
    return true;
  default:
    out = value::of_time(value_type::items,
                         data == nullptr ? 0 : static_cast<std::int64_t>(data->count(info_.field)));
    return true;
  }
}

bool path_access::set_metric(const value& v) {
  auto* data = e_.subject_.data;
  // On a metric that has no such field nothing happens, as in the Collector.
  if (info_.form == access::metric_varint && has_temporality(data))
    data->set_varint(info_.field, static_cast<std::uint64_t>(v.integer));
  if (info_.form == access::metric_boolean && type_of(data) == 2)
    data->set_varint(info_.field, v.boolean ? 1 : 0);
  return true;
}

bool path_access::get_point(value& out) {
  const auto& point = on();
  const auto kind = point.message();
  const auto integer = [&](std::uint32_t field) {
    return static_cast<std::int64_t>(point.number(field));
  };
  const bool exponential = kind == message_id::exponential_histogram_data_point;
  switch (info_.form) {
  case access::point_start:
    out = value::of(integer(2));
    return true;
  case access::point_time_nano:
    out = value::of(integer(3));
    return true;
  case access::point_start_time:
  case access::point_time:
    out = value::of_time(value_type::time, integer(info_.field));
    return true;
  case access::point_flags:
    out = value::of(integer(flags_field(kind)));
    return true;
  case access::point_integer:
    if (is_number(kind))
      out = value::of(integer(6));
    return true;
  case access::point_real:
    if (is_number(kind))
      out = value::of(point.real(4));
    return true;
  case access::point_count:
    if (!is_number(kind))
      out = value::of(integer(4));
    return true;
  case access::point_sum:
    if (!is_number(kind))
      out = value::of(point.real(5));
    return true;
  case access::point_scale:
    if (exponential)
      out = value::of(wire::unzigzag(point.number(6)));
    return true;
  case access::point_zero_count:
    if (exponential)
      out = value::of(integer(7));
    return true;
  case access::point_exemplars:
    if (const auto field = exemplars_field(kind); field != 0)
      out = value::of_time(value_type::items, static_cast<std::int64_t>(point.count(field)));
    return true;
  default:
    return get_buckets(out);
  }
}

bool path_access::get_buckets(value& out) {
  const auto& point = on();
  if (point.message() != message_id::histogram_data_point)
    return true;
  text_builder list(e_.workspace_.memory);
  if (info_.form == access::point_buckets)
    append_packed(point, info_.field, list,
                  [](std::uint64_t bits) { return value::of(static_cast<std::int64_t>(bits)); });
  else
    append_packed(point, info_.field, list,
                  [](std::uint64_t bits) { return value::of(std::bit_cast<double>(bits)); });
  return e_.finish(list, value_type::list, out);
}

bool path_access::set_point(const value& v) {
  auto& point = on();
  const auto kind = point.message();
  const auto bits = static_cast<std::uint64_t>(v.integer);
  const bool exponential = kind == message_id::exponential_histogram_data_point;
  const auto refused = [&] { return e_.fail("the data point has no such field"); };
  switch (info_.form) {
  case access::point_start:
  case access::point_start_time:
    point.set_fixed64(2, bits);
    return true;
  case access::point_time_nano:
  case access::point_time:
    point.set_fixed64(3, bits);
    return true;
  case access::point_flags:
    point.set_varint(flags_field(kind), static_cast<std::uint32_t>(v.integer));
    return true;
  case access::point_integer:
    if (!is_number(kind))
      return refused();
    point.erase_field(4);
    point.set_fixed64(6, bits);
    return true;
  case access::point_real:
    if (!is_number(kind))
      return refused();
    point.erase_field(6);
    point.set_real(4, v.real);
    return true;
  case access::point_count:
    if (is_number(kind))
      return refused();
    point.set_fixed64(4, bits);
    return true;
  case access::point_sum:
    if (is_number(kind))
      return refused();
    point.set_real(5, v.real);
    return true;
  case access::point_scale:
    if (!exponential)
      return refused();
    point.set_varint(6, wire::zigzag(v.integer) & 0xffff'ffff);
    return true;
  case access::point_zero_count:
    if (!exponential)
      return refused();
    point.set_fixed64(7, bits);
    return true;
  default:
    return refused();
  }
}

} // namespace weir::ottl
