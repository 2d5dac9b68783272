#pragma once

#include "core/ids.hpp"
#include "sampling/chance.hpp"

#include <cstdint>
#include <string_view>

namespace weir::sampling {

/// The rejection threshold that keeps one of `sampling_rate` traces; rates up to 1 keep all.
std::uint64_t threshold_of(double sampling_rate) noexcept;

/// Keeps one of so many traces, by their ids. Without a salt by the randomness that OpenTelemetry
/// expects in every id, so that samplers before and behind this one agree; with one by a hash of
/// salt and id, for ids that are not random, and to be independent of a sampler before.
class ratio {
public:
  explicit ratio(std::string_view salt = {});

  /// Rates below 1 count as 1.
  bool keeps(const trace_id& id, double sampling_rate) const noexcept;

  chance of(double sampling_rate) const noexcept;

private:
  std::uint64_t salt_ = 0; ///< Its hash; 0: none.
};

} // namespace weir::sampling
