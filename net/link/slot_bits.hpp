#pragma once

#include "cluster/slot_set.hpp"
#include "core/error.hpp"

#include <string>
#include <string_view>
#include <vector>

// Slots as packed bits: slot n is bit n % 8, from the lowest, of byte n / 8.
namespace weir::net {

/// Some slots: the bits from slot `first` on, which is a multiple of 8.
struct slot_bits {
  std::uint32_t first = 0;
  std::string bits;
};

/// In any order.
slot_bits pack_slots(const std::vector<slot>& slots);

/// In rising order. errc::invalid_argument where `first` is no multiple of 8, or a slot is
/// `most_slots` or more; errc::too_large where there are more than `room` of them.
result<std::vector<slot>> unpack_slots(std::uint32_t first, std::string_view bits,
                                       std::size_t room);

/// As long as it takes for the slots of the set's entry; "" where none is in.
std::string pack_slots(const cluster::slot_set& slots);

/// Of an entry with `slots` slots; "" = none is in, and then `slots` is 0. errc::invalid_argument
/// where the bits are not as many as the slots, errc::too_large above `most_slots`.
result<cluster::slot_set> unpack_slot_set(std::uint32_t slots, std::string_view bits);

} // namespace weir::net
