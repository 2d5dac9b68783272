#include "ottl/quantile.hpp"

#include "ottl/metric_data.hpp"

#include <cmath>
#include <numbers>

namespace weir::ottl {

namespace wire = otlp::wire;

namespace {

using counts_view = const std::vector<std::uint64_t>&;

constexpr quantile_result nothing{};
constexpr quantile_result malformed{quantile_result::outcome::malformed};

quantile_result found(double value) {
  return {quantile_result::outcome::found, value};
}

std::uint64_t rank_of(std::uint64_t count, double percentile) {
  return static_cast<std::uint64_t>(std::ceil(static_cast<double>(count) * (percentile / 100)));
}

/// How far into a bucket the wanted value lies, 0 to 1.
double share_of(std::uint64_t rank, std::uint64_t before, std::uint64_t in_bucket) {
  return static_cast<double>(rank - before) / static_cast<double>(in_bucket);
}

bool is_share(double share) {
  return !(share < 0 || share > 1);
}

quantile_result between(double lower, double upper, double share) {
  return is_share(share) ? found(lower + share * (upper - lower)) : malformed;
}

quantile_result between_exponents(double lower, double upper, double share) {
  if (!is_share(share) || lower <= 0 || upper <= 0)
    return malformed;
  const auto low = std::log2(lower);
  return found(std::exp2(low + (std::log2(upper) - low) * share));
}

// -- explicit bounds --

/// A histogram with bounds: where the value lies in the bucket that has it.
quantile_result in_bucket(std::string_view point, const std::vector<double>& bounds,
                          std::size_t index, double share) {
  const auto min = number_in(point, histogram_field::min);
  const auto max = number_in(point, histogram_field::max);
  if (index == 0) {
    const bool has_lower = min.there && min.real() < bounds[0];
    if (!has_lower && bounds[0] < 0)
      return found(bounds[0]);
    return between(has_lower ? min.real() : 0, bounds[0], share);
  }
  const auto lower = bounds[index - 1];
  if (index < bounds.size())
    return between(lower, bounds[index], share);
  return max.there && max.real() > lower ? between(lower, max.real(), share) : found(lower);
}

quantile_result of_histogram(std::string_view point, double percentile) {
  const auto count = number_in(point, point_field::count).bits;
  const auto counts = numbers_in(point, histogram_field::counts, false);
  if (count == 0 || counts.empty())
    return nothing;
  std::vector<double> bounds;
  for (const auto bits : numbers_in(point, histogram_field::bounds, false))
    bounds.push_back(std::bit_cast<double>(bits));
  if (counts.size() != bounds.size() + 1)
    return malformed;
  const auto rank = rank_of(count, percentile);
  if (bounds.empty()) {
    const auto min = number_in(point, histogram_field::min);
    const auto max = number_in(point, histogram_field::max);
    return min.there && max.there ? between(min.real(), max.real(), share_of(rank, 0, counts[0]))
                                  : nothing;
  }
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (before + counts[i] >= rank)
      return in_bucket(point, bounds, i, share_of(rank, before, counts[i]));
    before += counts[i];
  }
  return malformed;
}

// -- exponential --

quantile_result in_negative(std::int64_t index, std::int64_t scale, double share) {
  const auto lower = exponential_bound(index, scale);
  const auto upper = exponential_bound(index + 1, scale);
  if (lower >= upper)
    return malformed;
  auto made = between_exponents(lower, upper, 1 - share); // the most negative comes first
  made.value = -made.value;
  return made;
}

/// Where all values are on one side of zero, so are those that count as zero.
quantile_result in_zeros(std::string_view point, const exponential_buckets& negative,
                         const exponential_buckets& positive, double share) {
  const auto threshold = number_in(point, exponential_field::zero_threshold).real();
  const bool only_positive = negative.counts.empty() && !positive.counts.empty();
  const bool only_negative = positive.counts.empty() && !negative.counts.empty();
  return between(only_positive ? 0 : -threshold, only_negative ? 0 : threshold, share);
}

quantile_result of_exponential(std::string_view point, double percentile) {
  const auto count = number_in(point, point_field::count).bits;
  const auto zeros = number_in(point, exponential_field::zero_count).bits;
  const auto negative = buckets_in(point, exponential_field::negative);
  const auto positive = buckets_in(point, exponential_field::positive);
  if (count == 0 || (negative.counts.empty() && positive.counts.empty() && zeros == 0))
    return nothing;
  const auto rank = rank_of(count, percentile);
  const auto scale = wire::unzigzag(number_in(point, exponential_field::scale).bits);
  std::uint64_t before = 0;
  for (auto i = negative.counts.size(); i-- > 0; before += negative.counts[i])
    if (before + negative.counts[i] >= rank)
      return in_negative(negative.offset + static_cast<std::int64_t>(i), scale,
                         share_of(rank, before, negative.counts[i]));
  if (before + zeros >= rank)
    return in_zeros(point, negative, positive, share_of(rank, before, zeros));
  before += zeros;
  for (std::size_t i = 0; i < positive.counts.size(); before += positive.counts[i++]) {
    const auto index = positive.offset + static_cast<std::int64_t>(i);
    if (before + positive.counts[i] >= rank)
      return between_exponents(exponential_bound(index, scale), exponential_bound(index + 1, scale),
                               share_of(rank, before, positive.counts[i]));
  }
  return malformed;
}

} // namespace

double exponential_bound(std::int64_t index, std::int64_t scale) {
  if (scale > 0)
    return std::exp(static_cast<double>(index)
                    * std::ldexp(std::numbers::ln2, -static_cast<int>(scale)));
  // No double has larger exponents.
  constexpr std::int64_t most = 1 << 14;
  const auto shift = std::min<std::int64_t>(-scale, 14);
  const auto exponent = static_cast<double>(index) * static_cast<double>(1 << shift);
  return std::ldexp(1, static_cast<int>(std::clamp(exponent, -double{most}, double{most})));
}

quantile_result quantile_of(otlp::message_id kind, std::string_view point, double percentile) {
  return kind == otlp::message_id::histogram_data_point ? of_histogram(point, percentile)
                                                        : of_exponential(point, percentile);
}

} // namespace weir::ottl
