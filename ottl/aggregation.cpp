#include "ottl/aggregation.hpp"

#include "editing/work.hpp"
#include "ottl/convert.hpp"
#include "ottl/metric_data.hpp"

#include <algorithm>
#include <cmath>

namespace weir::ottl {

namespace wire = otlp::wire;
using otlp::message_id;

namespace {

using points_view = const std::vector<std::string_view>&;

/// Minimum, maximum and exemplars of both kinds of histograms.
struct histogram_fields {
  std::uint32_t exemplars;
  std::uint32_t min;
  std::uint32_t max;
};
constexpr histogram_fields fields_of(message_id kind) {
  if (kind == message_id::histogram_data_point)
    return {histogram_field::exemplars, histogram_field::min, histogram_field::max};
  return {exponential_field::exemplars, exponential_field::min, exponential_field::max};
}

/// All fields but those that are made anew.
void copy_others(std::string_view point, std::initializer_list<std::uint32_t> anew,
                 std::string& out) {
  const char* end = point.data() + point.size();
  wire::field f;
  for (const char* next = point.data(); next != nullptr && next < end;) {
    const char* after = wire::read_field(next, end, f);
    if (after != nullptr && std::find(anew.begin(), anew.end(), f.number) == anew.end())
      out.append(next, after);
    next = after;
  }
}

std::uint64_t count_of(std::string_view point) {
  return number_in(point, point_field::count).bits;
}

// -- numbers --

struct number_value {
  enum class kind : std::uint8_t { none, integer, real } form = kind::none;
  std::uint64_t bits = 0;

  double real() const {
    if (form == kind::integer)
      return static_cast<double>(static_cast<std::int64_t>(bits));
    return form == kind::real ? std::bit_cast<double>(bits) : 0;
  }
  std::int64_t integer() const {
    if (form == kind::real)
      return to_integer(std::bit_cast<double>(bits));
    return static_cast<std::int64_t>(bits);
  }
};

number_value value_of(std::string_view point) {
  number_value found;
  wire::for_each_field(point, [&](const wire::field& f) {
    if (f.number == number_field::real)
      found = {number_value::kind::real, f.value};
    else if (f.number == number_field::integer)
      found = {number_value::kind::integer, f.value};
  });
  return found;
}

/// Wraps round, as in Go.
std::int64_t add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
double add(double a, double b) {
  return a + b;
}

bool less(std::int64_t a, std::int64_t b) {
  return a < b;
}
/// What is no number stands before all others.
bool less(double a, double b) {
  return a < b || (std::isnan(a) && !std::isnan(b));
}

std::int64_t larger(std::int64_t a, std::int64_t b) {
  return std::max(a, b);
}
std::int64_t smaller(std::int64_t a, std::int64_t b) {
  return std::min(a, b);
}
/// The infinite one decides, else what is no number.
double larger(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return a == INFINITY || b == INFINITY ? INFINITY : NAN;
  return std::max(a, b);
}
double smaller(double a, double b) {
  return -larger(-a, -b);
}

template <class T>
T median(std::vector<T>& values) {
  std::sort(values.begin(), values.end(), [](T a, T b) { return less(a, b); });
  const auto middle = values.size() / 2;
  return values.size() % 2 != 0 ? values[middle] : add(values[middle - 1], values[middle]) / 2;
}

template <class T>
T one_of(std::vector<T>& values, aggregation method) {
  if (method == aggregation::count)
    return static_cast<T>(values.size());
  if (method == aggregation::median)
    return median(values);
  auto made = values.front();
  for (std::size_t i = 1; i < values.size(); ++i)
    made = method == aggregation::max   ? larger(made, values[i])
           : method == aggregation::min ? smaller(made, values[i])
                                        : add(made, values[i]);
  return method == aggregation::mean ? made / static_cast<T>(values.size()) : made;
}

std::uint64_t earliest_start(points_view points) {
  auto start = times_of(points.front()).start;
  for (const auto point : points)
    start = std::min(start, times_of(point).start);
  return start;
}

/// They have the type of the first; where that has no value, it stays as it is.
std::string merge_numbers(points_view points, aggregation aggregation) {
  const auto first = value_of(points.front());
  std::string made;
  if (first.form == number_value::kind::none)
    return std::string(points.front());
  copy_others(points.front(), {point_field::start, number_field::real, number_field::integer},
              made);
  wire::append_fixed64_field(made, point_field::start, earliest_start(points));
  if (first.form == number_value::kind::real) {
    std::vector<double> values;
    for (const auto point : points)
      values.push_back(value_of(point).real());
    wire::append_double_field(made, number_field::real, one_of(values, aggregation));
  } else {
    std::vector<std::int64_t> values;
    for (const auto point : points)
      values.push_back(value_of(point).integer());
    wire::append_fixed64_field(made, number_field::integer,
                               static_cast<std::uint64_t>(one_of(values, aggregation)));
  }
  return made;
}

// -- histograms --

/// What both kinds have in common. Points behind the first that count nothing are left out.
void merge_common(message_id kind, points_view points, std::string& made) {
  const auto fields = fields_of(kind);
  std::uint64_t count = 0;
  found_number sum;
  auto min = number_in(points.front(), fields.min);
  auto max = number_in(points.front(), fields.max);
  double total = 0;
  for (const auto point : points) {
    count += count_of(point);
    const auto own = number_in(point, point_field::sum);
    sum.there |= own.there;
    total += own.real();
    if (min.there && number_in(point, fields.min).real() < min.real())
      min = number_in(point, fields.min);
    if (max.there && number_in(point, fields.max).real() > max.real())
      max = number_in(point, fields.max);
    if (point.data() != points.front().data())
      copy_fields(point, fields.exemplars, made, fields.exemplars);
  }
  wire::append_fixed64_field(made, point_field::start, earliest_start(points));
  wire::append_fixed64_field(made, point_field::count, count);
  if (sum.there)
    wire::append_double_field(made, point_field::sum, total);
  if (min.there)
    wire::append_fixed64_field(made, fields.min, min.bits);
  if (max.there)
    wire::append_fixed64_field(made, fields.max, max.bits);
}

std::string merge_histograms(points_view points) {
  std::string made;
  copy_others(points.front(),
              {point_field::start, point_field::count, point_field::sum, histogram_field::counts,
               histogram_field::min, histogram_field::max},
              made);
  merge_common(message_id::histogram_data_point, points, made);
  std::vector<std::uint64_t> counts;
  for (const auto point : points) {
    const auto own = numbers_in(point, histogram_field::counts, false);
    if (own.size() > counts.size())
      counts.resize(own.size());
    for (std::size_t i = 0; i < own.size(); ++i)
      counts[i] += own[i];
  }
  append_packed(made, histogram_field::counts, counts);
  return made;
}

/// False: what would stand between them is more than there is room for.
bool add_buckets(exponential_buckets& total, const exponential_buckets& more, made_items& room) {
  if (more.counts.empty())
    return true;
  if (total.counts.empty()) {
    total = more;
    return true;
  }
  const auto first = std::min(total.offset, more.offset);
  const auto end = std::max(total.end(), more.end());
  const auto size = static_cast<std::size_t>(end - first);
  const auto both = total.counts.size() + more.counts.size();
  work().spend(100 + size); // they may all have to move
  if (size > both && !room.claim((size - both) * sizeof(std::uint64_t)))
    return false;
  total.counts.insert(total.counts.begin(), static_cast<std::size_t>(total.offset - first), 0);
  total.counts.resize(size);
  total.offset = first;
  for (std::size_t i = 0; i < more.counts.size(); ++i)
    total.counts[static_cast<std::size_t>(more.offset - first) + i] += more.counts[i];
  return true;
}

void append_buckets(std::string& out, std::uint32_t number, const exponential_buckets& buckets) {
  std::string counts;
  for (const auto count : buckets.counts)
    wire::append_varint(counts, count);
  std::string body;
  if (buckets.offset != 0)
    wire::append_varint_field(body, 1, wire::zigzag(buckets.offset) & 0xffff'ffff);
  if (!counts.empty())
    wire::append_bytes_field(body, 2, counts);
  if (!body.empty())
    wire::append_bytes_field(out, number, body);
}

std::optional<std::string> merge_exponential(points_view points, made_items& room) {
  using namespace exponential_field;
  std::string made;
  copy_others(points.front(),
              {point_field::start, point_field::count, point_field::sum, zero_count, positive,
               negative, min, max},
              made);
  merge_common(message_id::exponential_histogram_data_point, points, made);
  std::uint64_t zeros = 0;
  for (const auto point : points)
    zeros += number_in(point, zero_count).bits;
  wire::append_fixed64_field(made, zero_count, zeros);
  for (const auto side : {positive, negative}) {
    auto all = buckets_in(points.front(), side);
    for (std::size_t i = 1; i < points.size(); ++i)
      if (!add_buckets(all, buckets_in(points[i], side), room))
        return std::nullopt;
    append_buckets(made, side, all);
  }
  return made;
}

void append_attributes(message_id kind, std::string_view point, std::string& key) {
  std::string map;
  std::string any;
  copy_fields(point, attributes_field(kind), map, 1);
  wire::append_bytes_field(any, 6, map);
  if (!append_text(key, any)) // JSON has no such number as is in it
    key += map;
}

} // namespace

std::optional<aggregation> aggregation_named(std::string_view name) noexcept {
  constexpr std::string_view names[] = {"sum", "mean", "min", "max", "median", "count"};
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (found == std::end(names))
    return std::nullopt;
  return static_cast<aggregation>(found - std::begin(names));
}

std::string merge_key(message_id kind, std::string_view point, bool by_start) {
  const auto times = times_of(point);
  std::string key;
  wire::append_fixed(key, times.time);
  wire::append_fixed(key, by_start ? times.start : 0);
  if (kind != message_id::number_data_point) {
    const auto fields = fields_of(kind);
    const bool exponential = kind == message_id::exponential_histogram_data_point;
    wire::append_varint(key, number_in(point, histogram_field::flags).bits);
    key.push_back(number_in(point, fields.min).there ? '1' : '0');
    key.push_back(number_in(point, fields.max).there ? '1' : '0');
    if (exponential)
      wire::append_varint(key, number_in(point, exponential_field::scale).bits);
    else
      append_packed(key, 1, numbers_in(point, histogram_field::bounds, false));
  }
  append_attributes(kind, point, key);
  return key;
}

std::optional<std::string> merge_points(message_id kind, points_view points,
                                        aggregation aggregation, made_items& room) {
  if (kind == message_id::number_data_point)
    return merge_numbers(points, aggregation);
  std::vector<std::string_view> counting{points.front()};
  std::copy_if(points.begin() + 1, points.end(), std::back_inserter(counting),
               [](std::string_view point) { return count_of(point) != 0; });
  if (counting.size() == 1)
    return std::string(points.front());
  if (kind == message_id::histogram_data_point)
    return merge_histograms(counting);
  return merge_exponential(counting, room);
}

} // namespace weir::ottl
