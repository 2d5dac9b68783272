#pragma once

#include "editing/processor.hpp"
#include "ottl/evaluation.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Metrics and data points as bytes, for the functions that make others of them.
namespace weir::ottl {

/// Numbers of fields, as metrics/v1 of opentelemetry-proto has them.
namespace metric_field {
inline constexpr std::uint32_t name = 1, description = 2, unit = 3, gauge = 5, sum = 7,
                               histogram = 9;
} // namespace metric_field
namespace data_field {
inline constexpr std::uint32_t points = 1, temporality = 2, monotonic = 3;
} // namespace data_field
/// Of all points but those of a number, or of all.
namespace point_field {
inline constexpr std::uint32_t start = 2, time = 3, count = 4, sum = 5;
} // namespace point_field
namespace number_field {
inline constexpr std::uint32_t real = 4, integer = 6, attributes = 7;
} // namespace number_field
namespace histogram_field {
inline constexpr std::uint32_t counts = 6, bounds = 7, exemplars = 8, attributes = 9, flags = 10,
                               min = 11, max = 12;
} // namespace histogram_field
namespace exponential_field {
inline constexpr std::uint32_t attributes = 1, scale = 6, zero_count = 7, positive = 8,
                               negative = 9, flags = 10, exemplars = 11, min = 12, max = 13,
                               zero_threshold = 14;
} // namespace exponential_field
namespace summary_field {
inline constexpr std::uint32_t quantiles = 6;
} // namespace summary_field

/// The points that a metric's data of that kind holds.
otlp::message_id point_of(otlp::message_id data) noexcept;

/// Calls `on_point(bytes)` for each point of the metric, as statements have left it.
template <class OnPoint>
void for_each_point_bytes(const subject& subject, OnPoint&& on_point) {
  subject.data->for_each_bytes(data_field::points, [&](std::string_view bytes) {
    // What was changed of the point in hand is put back behind its last statement.
    const bool in_hand =
        subject.point != nullptr && subject.point->original().data() == bytes.data();
    on_point(in_hand ? subject.point->write() : bytes);
  });
}

/// What all points have.
struct point_times {
  std::uint64_t start = 0;
  std::uint64_t time = 0;
};
point_times times_of(std::string_view point) noexcept;

/// The field of that number, a varint or of fixed size; of one that stands twice the last.
struct found_number {
  bool there = false;
  std::uint64_t bits = 0;
  double real() const noexcept { return std::bit_cast<double>(bits); }
};
found_number number_in(std::string_view message, std::uint32_t number) noexcept;

/// The numbers of a repeated field, packed or not: of eight bytes each, or varints.
std::vector<std::uint64_t> numbers_in(std::string_view message, std::uint32_t number, bool varints);

/// The buckets of an exponential histogram on one side of zero: the first counts what lies at
/// `offset`.
struct exponential_buckets {
  std::int64_t offset = 0;
  std::vector<std::uint64_t> counts;

  std::int64_t end() const noexcept { return offset + static_cast<std::int64_t>(counts.size()); }
};
/// `number`: exponential_field::positive or negative.
exponential_buckets buckets_in(std::string_view point, std::uint32_t number);

void append_packed(std::string& out, std::uint32_t number,
                   const std::vector<std::uint64_t>& numbers);

/// The fields of that number from one message into another, under a number of its own.
void copy_fields(std::string_view source, std::uint32_t number, std::string& out,
                 std::uint32_t to_number);

/// Puts data of another kind in the place of a metric's.
void put_data(const subject& subject, std::uint32_t number, otlp::message_id kind,
              std::string_view bytes);

/// Makes a gauge or a sum beside the metric in hand, point by point.
class metric_maker {
public:
  /// The name is the metric's with a suffix. `temporality` 0: a gauge.
  metric_maker(evaluation& e, std::string_view suffix, std::uint64_t temporality, bool monotonic);

  void set_unit(std::string_view unit) { unit_ = unit; }
  void set_description(std::string description) { description_ = std::move(description); }

  /// Adds a point with the attributes and times of another; `value`: its field of a number, and
  /// further attributes. False: no more may be made.
  bool add(otlp::message_id kind, std::string_view point, std::string_view value);

  std::size_t size() const noexcept { return count_; }
  bool finish();

private:
  evaluation& e_;
  std::string name_;
  std::string description_;
  std::string_view unit_;
  std::uint64_t temporality_;
  bool monotonic_;
  std::string points_;
  std::string point_;
  std::size_t count_ = 0;
};

} // namespace weir::ottl
