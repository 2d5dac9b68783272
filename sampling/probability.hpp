#pragma once

#include "core/ids.hpp"
#include "sampling/chance.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::sampling {

/// FNV-1a, 64 bits. Source: Fowler, Noll, Vo; http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t fnv1a_64(std::string_view bytes,
                       std::uint64_t state = 0xcbf2'9ce4'8422'2325ULL) noexcept;

/// Keeps a share of all trace ids, always the same ones: those whose hash (FNV-1a 64 of salt, then
/// id) is at most the share of 2^64 - 1. Two tiers with the Collector's processor agree on them.
class probability {
public:
  /// `percentage` outside [0, 100] means the nearer end. An empty salt is the Collector's default.
  probability(double percentage, std::string_view salt);

  bool keeps(const trace_id& id) const noexcept;

  chance of_any() const noexcept { return {share_, salted_}; }

private:
  std::uint64_t threshold_;
  std::uint64_t salted_; ///< The hash's state behind the salt.
  double share_;
};

} // namespace weir::sampling
