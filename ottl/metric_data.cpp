#include "ottl/metric_data.hpp"

#include "editing/work.hpp"

namespace weir::ottl {

namespace wire = otlp::wire;
using otlp::message_id;

message_id point_of(message_id data) noexcept {
  switch (data) {
  case message_id::histogram:
    return message_id::histogram_data_point;
  case message_id::exponential_histogram:
    return message_id::exponential_histogram_data_point;
  case message_id::summary:
    return message_id::summary_data_point;
  default:
    return message_id::number_data_point;
  }
}

point_times times_of(std::string_view point) noexcept {
  point_times found;
  wire::for_each_field(point, [&](const wire::field& f) {
    if (f.number == point_field::start)
      found.start = f.value;
    else if (f.number == point_field::time)
      found.time = f.value;
  });
  return found;
}

found_number number_in(std::string_view message, std::uint32_t number) noexcept {
  found_number found;
  wire::for_each_field(message, [&](const wire::field& f) {
    if (f.number == number && f.type != wire::type::bytes)
      found = {true, f.value};
  });
  return found;
}

std::vector<std::uint64_t> numbers_in(std::string_view message, std::uint32_t number,
                                      bool varints) {
  std::vector<std::uint64_t> numbers;
  wire::for_each_field(message, [&](const wire::field& f) {
    if (f.number != number)
      return;
    if (f.type != wire::type::bytes)
      return numbers.push_back(f.value);
    const char* end = f.bytes.data() + f.bytes.size();
    std::uint64_t bits = 0;
    for (const char* next = f.bytes.data(); next != nullptr && next < end;) {
      next = varints ? wire::read_varint(next, end, bits) : wire::read_fixed(next, end, bits);
      if (next != nullptr)
        numbers.push_back(bits);
    }
  });
  return numbers;
}

exponential_buckets buckets_in(std::string_view point, std::uint32_t number) {
  std::string_view body;
  wire::for_each_field(point, [&](const wire::field& f) {
    if (f.number == number && f.type == wire::type::bytes)
      body = f.bytes;
  });
  return {static_cast<std::int32_t>(wire::unzigzag(number_in(body, 1).bits)),
          numbers_in(body, 2, true)};
}

void append_packed(std::string& out, std::uint32_t number,
                   const std::vector<std::uint64_t>& numbers) {
  if (numbers.empty())
    return;
  wire::append_tag(out, number, wire::type::bytes);
  wire::append_varint(out, numbers.size() * sizeof(std::uint64_t));
  for (const auto bits : numbers)
    wire::append_fixed(out, bits);
}

void copy_fields(std::string_view source, std::uint32_t number, std::string& out,
                 std::uint32_t to_number) {
  wire::for_each_field(source, [&](const wire::field& f) {
    if (f.number == number && f.type == wire::type::bytes)
      wire::append_bytes_field(out, to_number, f.bytes);
  });
}

void put_data(const subject& subject, std::uint32_t number, message_id kind,
              std::string_view bytes) {
  const auto stored = subject.metric->memory().copy(bytes);
  for (const auto other : {5U, 7U, 9U, 10U, 11U})
    if (other != number)
      subject.metric->erase_field(other);
  subject.metric->set_bytes(number, stored);
  subject.data->open(kind, stored);
}

metric_maker::metric_maker(evaluation& e, std::string_view suffix, std::uint64_t temporality,
                           bool monotonic)
    : e_(e), name_(e.on().metric->bytes(metric_field::name)),
      description_(e.on().metric->bytes(metric_field::description)),
      unit_(e.on().metric->bytes(metric_field::unit)), temporality_(temporality),
      monotonic_(monotonic) {
  name_ += suffix;
}

bool metric_maker::add(message_id kind, std::string_view point, std::string_view value) {
  point_.clear();
  copy_fields(point, attributes_field(kind), point_, number_field::attributes);
  const auto [start, time] = times_of(point);
  if (start != 0)
    wire::append_fixed64_field(point_, point_field::start, start);
  if (time != 0)
    wire::append_fixed64_field(point_, point_field::time, time);
  point_ += value;
  work().spend(100 + point.size() / 4 + point_.size() / 4);
  wire::append_bytes_field(points_, data_field::points, point_);
  ++count_;
  return e_.on().beside->has_room(points_.size()) || e_.fail(no_room_for_items);
}

bool metric_maker::finish() {
  const bool is_sum = temporality_ != 0;
  if (is_sum) {
    wire::append_varint_field(points_, data_field::temporality, temporality_);
    if (monotonic_)
      wire::append_varint_field(points_, data_field::monotonic, 1);
  }
  std::string metric;
  wire::append_bytes_field(metric, metric_field::name, name_);
  if (!description_.empty())
    wire::append_bytes_field(metric, metric_field::description, description_);
  if (!unit_.empty())
    wire::append_bytes_field(metric, metric_field::unit, unit_);
  wire::append_bytes_field(metric, is_sum ? metric_field::sum : metric_field::gauge, points_);
  if (!e_.on().beside->has_room(metric.size()))
    return e_.fail(no_room_for_items);
  e_.on().beside->add(metric);
  return true;
}

} // namespace weir::ottl
