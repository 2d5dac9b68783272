#include "backends/debug_buckets.hpp"

#include <cmath>
#include <numbers>

namespace weir::backends {

namespace {

std::int32_t signed_number(message_view message, std::uint32_t field) {
  const std::uint64_t bits = static_cast<std::uint32_t>(message.number(field));
  return static_cast<std::int32_t>(otlp::wire::unzigzag(bits));
}

std::vector<std::uint64_t> counts_of(message_view buckets) {
  std::vector<std::uint64_t> counts;
  buckets.each_number(2, false, [&](std::uint64_t count) { counts.push_back(count); });
  return counts;
}

} // namespace

exponential_buckets read_exponential(message_view data_point) {
  const auto positive = data_point.message(8);
  const auto negative = data_point.message(9);
  return {.factor = std::ldexp(std::numbers::ln2, -signed_number(data_point, 6)),
          .negative_offset = static_cast<double>(signed_number(negative, 1)),
          .positive_offset = static_cast<double>(signed_number(positive, 1)),
          .negative = counts_of(negative),
          .positive = counts_of(positive),
          .zero_count = data_point.number(7)};
}

} // namespace weir::backends
