#include "ottl/ip_network.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <string>

namespace weir::ottl {

namespace {

constexpr std::size_t mapped_prefix = 12; ///< Bytes in front of an IPv4 address inside IPv6.

/// The address with as many bytes as it is written with.
std::optional<ip_address> parse_as_written(std::string_view text) noexcept {
  std::array<char, INET6_ADDRSTRLEN + 1> copy{};
  if (text.size() >= copy.size() || text.find('\0') != text.npos)
    return std::nullopt;
  std::copy(text.begin(), text.end(), copy.begin());
  ip_address made;
  made.size = text.find(':') == text.npos ? 4 : 16;
  const auto family = made.size == 4 ? AF_INET : AF_INET6;
  if (inet_pton(family, copy.data(), made.bytes.data()) != 1)
    return std::nullopt;
  return made;
}

bool is_mapped(const ip_address& a) noexcept {
  const auto zeros = a.bytes.begin() + mapped_prefix - 2;
  return a.size == 16 && std::all_of(a.bytes.begin(), zeros, [](auto b) { return b == 0; })
         && zeros[0] == 0xff && zeros[1] == 0xff;
}

ip_address without_mapping(ip_address a) noexcept {
  if (!is_mapped(a))
    return a;
  std::copy_n(a.bytes.begin() + mapped_prefix, 4, a.bytes.begin());
  a.size = 4;
  return a;
}

std::uint8_t masked(std::uint8_t byte, std::size_t bits) noexcept {
  return bits >= 8 ? byte : static_cast<std::uint8_t>(byte & ~(0xffU >> bits));
}

/// Bits of the mask that fall on the byte at `place`.
std::size_t bits_at(std::size_t place, std::size_t bits) noexcept {
  return bits > 8 * place ? bits - 8 * place : 0;
}

} // namespace

std::optional<ip_address> parse_ip(std::string_view text) noexcept {
  const auto made = parse_as_written(text);
  return made ? std::optional(without_mapping(*made)) : std::nullopt;
}

bool ip_network::contains(const ip_address& a) const noexcept {
  if (a.size != first.size)
    return false;
  for (std::size_t i = 0; i < a.size; ++i)
    if (masked(a.bytes[i], bits_at(i, bits)) != first.bytes[i])
      return false;
  return true;
}

std::optional<ip_network> parse_network(std::string_view text) noexcept {
  const auto slash = text.find('/');
  const auto address = parse_as_written(text.substr(0, slash));
  if (slash == text.npos || !address)
    return std::nullopt;
  const auto digits = text.substr(slash + 1);
  ip_network made{*address};
  const auto* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, made.bits);
  if (digits.empty() || read.ec != std::errc{} || read.ptr != end || made.bits > 8 * address->size)
    return std::nullopt;
  for (std::size_t i = 0; i < address->size; ++i)
    made.first.bytes[i] = masked(address->bytes[i], bits_at(i, made.bits));
  made.first = without_mapping(made.first);
  if (made.first.size < address->size)
    made.bits = bits_at(mapped_prefix, made.bits);
  return made;
}

} // namespace weir::ottl
