#include "sampling/ratio.hpp"

#include "codec/hash.hpp"
#include "otlp/sampling_state.hpp"
#include "sampling/mix.hpp"

#include <algorithm>

namespace weir::sampling {

std::uint64_t threshold_of(double sampling_rate) noexcept {
  constexpr int digits = 4;
  if (!(sampling_rate > 1))
    return otlp::always_sample;
  return otlp::threshold_of(1 / sampling_rate, digits).value_or(otlp::never_sample - 1);
}

ratio::ratio(std::string_view salt) : salt_(salt.empty() ? 0 : codec::xxh3(salt) | 2) {}

bool ratio::keeps(const trace_id& id, double sampling_rate) const noexcept {
  if (salt_ == 0)
    return otlp::randomness_of(id.view()) >= threshold_of(sampling_rate);
  const auto drawn = mixed(codec::xxh3(id.view()) ^ salt_) >> 8;
  return drawn >= threshold_of(sampling_rate);
}

chance ratio::of(double sampling_rate) const noexcept {
  return {1 / std::max(1.0, sampling_rate), salt_ == 0 ? trace_id_randomness : salt_};
}

} // namespace weir::sampling
