#pragma once

#include <cstdint>

namespace weir::sampling {

/// Spreads every bit of a number over all of it. Source: the finalizer of MurmurHash3 (Appleby,
/// public domain).
constexpr std::uint64_t mixed(std::uint64_t value) noexcept {
  value ^= value >> 33;
  value *= 0xff51'afd7'ed55'8ccdULL;
  value ^= value >> 33;
  value *= 0xc4ce'b9fe'1a85'ec53ULL;
  return value ^ value >> 33;
}

} // namespace weir::sampling
