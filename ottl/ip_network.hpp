#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::ottl {

/// An IP address: 4 bytes, also where it was written as IPv6 (`::ffff:10.0.0.1`), or 16.
struct ip_address {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;

  std::string_view view() const noexcept {
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }
};

/// Reads `10.0.0.1` or `2001:db8::1`, without a zone.
std::optional<ip_address> parse_ip(std::string_view text) noexcept;

/// The addresses that begin with the same bits.
struct ip_network {
  ip_address first;
  std::size_t bits = 0;

  bool contains(const ip_address& a) const noexcept;
};

/// Reads CIDR notation: `10.0.0.0/8`, `2001:db8::/32`.
std::optional<ip_network> parse_network(std::string_view text) noexcept;

} // namespace weir::ottl
