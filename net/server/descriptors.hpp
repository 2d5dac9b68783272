#pragma once

#include <cstdint>

namespace weir::net {

/// Connections that clients may have where the process may open `descriptors` files: a part is kept
/// for the store, for exporters, health and metrics. Pure.
constexpr std::uint64_t connections_with(std::uint64_t descriptors) noexcept {
  constexpr std::uint64_t kept = 1536;
  return descriptors - (descriptors / 2 < kept ? descriptors / 2 : kept);
}

/// Descriptors that `connections` need, as connections_with() counts. Pure.
constexpr std::uint64_t descriptors_for(std::uint64_t connections) noexcept {
  constexpr std::uint64_t kept = 1536;
  return connections + (connections < kept ? connections : kept);
}

/// Files that the process may have open now.
std::uint64_t descriptor_limit() noexcept;

} // namespace weir::net
