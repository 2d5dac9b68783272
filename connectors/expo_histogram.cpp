#include "connectors/expo_histogram.hpp"

#include "connectors/saving.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace weir::connectors {

namespace {

namespace wire = otlp::wire;

constexpr double least_normal = 0x1p-1022;
constexpr std::int32_t least_exponent = -1022;
constexpr std::int32_t largest_exponent = 1023;

std::uint64_t significand_of(double value) noexcept {
  return std::bit_cast<std::uint64_t>(value) & ((std::uint64_t{1} << 52) - 1);
}

std::int32_t exponent_of(double value) noexcept {
  return static_cast<std::int32_t>(std::bit_cast<std::uint64_t>(value) >> 52 & 0x7ff) - 1023;
}

} // namespace

// The upper bound belongs to a bucket, the lower does not.
std::int32_t expo_histogram::index_of(double value) const noexcept {
  const bool exact = significand_of(value) == 0;
  if (scale_ <= 0) {
    const auto shift = -scale_;
    if (value < least_normal)
      return (least_exponent >> shift) - (shift < 2 ? 1 : 0);
    return (exponent_of(value) - (exact ? 1 : 0)) >> shift;
  }
  if (value <= least_normal)
    return least_exponent * (1 << scale_) - 1;
  if (exact)
    return exponent_of(value) * (1 << scale_) - 1;
  const auto index = std::floor(std::log(value) * std::ldexp(1.4426950408889634, scale_));
  const auto last = ((std::int64_t{largest_exponent} + 1) << scale_) - 1;
  return static_cast<std::int32_t>(std::min(index, static_cast<double>(last)));
}

void expo_histogram::coarsen(std::int32_t steps) {
  if (steps == 0)
    return;
  const auto first = first_ >> steps;
  const auto last = (first_ + static_cast<std::int32_t>(buckets_.size()) - 1) >> steps;
  std::vector<std::uint64_t> merged(static_cast<std::size_t>(last - first) + 1);
  for (std::size_t i = 0; i < buckets_.size(); ++i)
    merged[static_cast<std::size_t>(((first_ + static_cast<std::int32_t>(i)) >> steps) - first)] +=
        buckets_[i];
  buckets_ = std::move(merged);
  first_ = first;
  scale_ -= steps;
}

void expo_histogram::add(double value, std::uint64_t times, std::uint32_t max_size) {
  min_ = count_ == 0 ? value : std::min(min_, value);
  max_ = count_ == 0 ? value : std::max(max_, value);
  count_ += times;
  if (value == 0) {
    zeros_ += times;
    return;
  }
  sum_ += value * static_cast<double>(times);
  auto index = index_of(value);
  if (buckets_.empty()) {
    first_ = index;
    buckets_.assign(1, times);
    return;
  }
  auto low = std::min(first_, index);
  auto high = std::max(first_ + static_cast<std::int32_t>(buckets_.size()) - 1, index);
  std::int32_t steps = 0;
  while (static_cast<std::int64_t>(high) - low >= static_cast<std::int64_t>(max_size)) {
    low >>= 1;
    high >>= 1;
    ++steps;
  }
  coarsen(steps);
  index = index_of(value);
  if (index < first_) {
    buckets_.insert(buckets_.begin(), static_cast<std::size_t>(first_ - index), 0);
    first_ = index;
  }
  const auto place = static_cast<std::size_t>(index - first_);
  if (place >= buckets_.size())
    buckets_.resize(place + 1);
  buckets_[place] += times;
}

void expo_histogram::append_fields(std::string& out) const {
  wire::append_fixed64_field(out, 4, count_);
  wire::append_double_field(out, 5, sum_);
  if (const auto scale = buckets_.empty() ? 0 : scale_; scale != 0)
    wire::append_varint_field(out, 6, wire::zigzag(scale));
  if (zeros_ != 0)
    wire::append_fixed64_field(out, 7, zeros_);
  if (!buckets_.empty()) {
    std::string counts, positive;
    for (const auto count : buckets_)
      wire::append_varint(counts, count);
    if (first_ != 0)
      wire::append_varint_field(positive, 1, wire::zigzag(first_));
    wire::append_bytes_field(positive, 2, counts);
    wire::append_bytes_field(out, 8, positive);
  }
  if (count_ != 0) {
    wire::append_double_field(out, 12, min_);
    wire::append_double_field(out, 13, max_);
  }
}

void expo_histogram::save(std::string& out) const {
  save_number(out, wire::zigzag(scale_));
  save_number(out, wire::zigzag(first_));
  save_number(out, buckets_.size());
  for (const auto count : buckets_)
    save_number(out, count);
  save_number(out, count_);
  save_number(out, zeros_);
  for (const auto value : {sum_, min_, max_})
    save_number(out, std::bit_cast<std::uint64_t>(value));
}

bool expo_histogram::restore(std::string_view& saved) {
  saved_reader in(saved);
  scale_ = static_cast<std::int32_t>(wire::unzigzag(in.number()));
  first_ = static_cast<std::int32_t>(wire::unzigzag(in.number()));
  const auto size = in.number();
  if (!in.good() || scale_ < -10 || scale_ > max_scale || size > 16384)
    return false;
  buckets_.resize(size);
  for (auto& count : buckets_)
    count = in.number();
  count_ = in.number();
  zeros_ = in.number();
  for (auto* value : {&sum_, &min_, &max_})
    *value = std::bit_cast<double>(in.number());
  saved = in.rest();
  return in.good();
}

} // namespace weir::connectors
