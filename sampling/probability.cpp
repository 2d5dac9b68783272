#include "sampling/probability.hpp"

#include <algorithm>
#include <limits>

namespace weir::sampling {

namespace {

constexpr std::string_view default_salt = "default-hash-seed";

// The Collector multiplies with 64 bits of mantissa and cuts off; long double has as many (or
// more).
std::uint64_t threshold_of(double ratio) {
  constexpr auto all = std::numeric_limits<std::uint64_t>::max();
  if (!(ratio > 0))
    return 0;
  const auto product = static_cast<long double>(all) * static_cast<long double>(ratio);
  return product >= static_cast<long double>(all) ? all : static_cast<std::uint64_t>(product);
}

} // namespace

std::uint64_t fnv1a_64(std::string_view bytes, std::uint64_t state) noexcept {
  for (const char byte : bytes) {
    state ^= static_cast<std::uint8_t>(byte);
    state *= 0x100'0000'01b3ULL;
  }
  return state;
}

probability::probability(double percentage, std::string_view salt)
    : threshold_(threshold_of(percentage / 100)),
      salted_(fnv1a_64(salt.empty() ? default_salt : salt)),
      share_(std::clamp(percentage / 100, 0.0, 1.0)) {}

bool probability::keeps(const trace_id& id) const noexcept {
  return fnv1a_64(id.view(), salted_) <= threshold_;
}

} // namespace weir::sampling
