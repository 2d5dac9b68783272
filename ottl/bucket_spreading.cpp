#include "ottl/bucket_spreading.hpp"

#include "editing/work.hpp"
#include "ottl/convert.hpp"
#include "ottl/metric_data.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>

namespace weir::ottl {

namespace wire = otlp::wire;

namespace {

using bounds_view = const std::vector<double>&;
using counts_of = std::vector<std::uint64_t>;

/// One bucket of the exponential histogram.
struct bucket {
  std::uint64_t count;
  double lower;
  double upper;
};

/// The first bound that is not below a value; the number of bounds where all are.
std::size_t first_not_below(bounds_view bounds, double value, std::size_t begin = 0) {
  auto i = begin;
  while (i < bounds.size() && !(value <= bounds[i]))
    ++i;
  return i;
}

/// The bounds that a bucket reaches over.
struct reach_of_bucket {
  std::size_t first;
  std::size_t last;
};
reach_of_bucket reached(const bucket& b, bounds_view bounds) {
  const auto first = first_not_below(bounds, b.lower);
  return {first, std::min(first_not_below(bounds, b.upper, first), bounds.size() - 1)};
}

void by_upper(const bucket& b, bounds_view bounds, counts_of& counts) {
  counts[std::min(first_not_below(bounds, b.upper), bounds.size() - 1)] += b.count;
}

void by_midpoint(const bucket& b, bounds_view bounds, counts_of& counts) {
  const auto bound = first_not_below(bounds, (b.upper + b.lower) / 2);
  counts[bound == 0 ? 0 : bound - 1] += b.count;
}

void uniformly(const bucket& b, bounds_view bounds, counts_of& counts) {
  const auto [first, last] = reached(b, bounds);
  if (last <= first) {
    counts[std::min(first, bounds.size() - 1)] += b.count;
    return;
  }
  const auto places = last - first + 1;
  for (auto i = first; i <= last; ++i)
    counts[i] += b.count / places + (i - first < b.count % places ? 1 : 0);
}

/// A number from 0 on, below `end`.
std::uint64_t any_below(std::uint64_t end) {
  static thread_local std::mt19937_64 source{std::random_device{}()};
  return std::uniform_int_distribution<std::uint64_t>(0, end - 1)(source);
}

/// What is left over goes somewhere one by one; where that is much, most of it in equal parts.
void strew(std::uint64_t count, const reach_of_bucket& over, counts_of& counts) {
  constexpr std::uint64_t one_by_one = 1024;
  const auto places = over.last - over.first + 1;
  if (count > one_by_one) {
    const auto each = (count - one_by_one) / places;
    for (auto i = over.first; i <= over.last; ++i)
      counts[i] += each;
    count -= each * places;
  }
  work().spend(count * 20);
  for (; count > 0; --count)
    ++counts[over.first + any_below(places)];
}

void at_random(const bucket& b, bounds_view bounds, counts_of& counts) {
  const auto over = reached(b, bounds);
  if (over.last <= over.first) {
    counts[std::min(over.first, bounds.size() - 1)] += b.count;
    return;
  }
  auto left = b.count;
  for (auto i = over.first; i <= over.last; ++i) {
    const auto low = i == 0 ? b.lower : std::max(bounds[i - 1], b.lower);
    const auto share = (std::min(bounds[i], b.upper) - low) / (b.upper - b.lower);
    const auto most =
        std::clamp(static_cast<double>(b.count) * share, 0.0, static_cast<double>(left));
    const auto here = std::min(left, any_below(static_cast<std::uint64_t>(to_integer(most)) + 1));
    counts[i] += here;
    left -= here;
  }
  strew(left, over, counts);
}

void spread(const bucket& b, bounds_view bounds, spreading method, counts_of& counts) {
  if (b.lower > bounds.back()) {
    counts.back() += b.count;
    return;
  }
  for (std::size_t i = 1; i < bounds.size(); ++i)
    if (b.lower > bounds[i - 1] && b.upper <= bounds[i]) {
      counts[i - 1] += b.count;
      return;
    }
  switch (method) {
  case spreading::upper:
    return by_upper(b, bounds, counts);
  case spreading::midpoint:
    return by_midpoint(b, bounds, counts);
  case spreading::uniform:
    return uniformly(b, bounds, counts);
  case spreading::random:
    return at_random(b, bounds, counts);
  }
}

} // namespace

std::optional<spreading> spreading_named(std::string_view name) noexcept {
  constexpr std::string_view names[] = {"upper", "midpoint", "random", "uniform"};
  const auto found = std::find(std::begin(names), std::end(names), name.empty() ? "random" : name);
  if (found == std::end(names))
    return std::nullopt;
  return static_cast<spreading>(found - std::begin(names));
}

std::vector<std::uint64_t> spread_buckets(std::string_view point, bounds_view bounds,
                                          spreading spreading) {
  counts_of made(bounds.size());
  const auto scale = wire::unzigzag(number_in(point, exponential_field::scale).bits);
  const auto factor = std::ldexp(std::numbers::ln2, -static_cast<int>(scale));
  if (bounds.front() == 0)
    made.front() += number_in(point, exponential_field::zero_count).bits;
  const auto positive = buckets_in(point, exponential_field::positive);
  auto index = static_cast<double>(positive.offset);
  for (const auto count : positive.counts) {
    work().spend(20 + bounds.size() * 4);
    spread({count, std::exp(index * factor), std::exp((index + 1) * factor)}, bounds, spreading,
           made);
    ++index;
  }
  return made;
}

} // namespace weir::ottl
