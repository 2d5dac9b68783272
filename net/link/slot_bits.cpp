#include "net/link/slot_bits.hpp"

#include "net/link/wire.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace weir::net {

namespace {

void set(std::string& bits, std::uint32_t index) {
  bits[index / 8] =
      static_cast<char>(static_cast<unsigned char>(bits[index / 8]) | (1U << (index % 8)));
}

/// Calls `put(index)` for each bit that is set.
template <class Put>
void each_bit(std::string_view bits, Put&& put) {
  for (std::size_t i = 0; i < bits.size(); ++i)
    for (unsigned rest = static_cast<unsigned char>(bits[i]); rest != 0; rest &= rest - 1)
      put(i * 8 + static_cast<unsigned>(std::countr_zero(rest)));
}

std::size_t count_bits(std::string_view bits) {
  std::size_t count = 0;
  for (const auto byte : bits)
    count += static_cast<std::size_t>(std::popcount(static_cast<unsigned char>(byte)));
  return count;
}

} // namespace

slot_bits pack_slots(const std::vector<slot>& slots) {
  if (slots.empty())
    return {};
  const auto [least, greatest] = std::minmax_element(slots.begin(), slots.end());
  slot_bits result{*least / 8 * 8, std::string((*greatest / 8) - (*least / 8) + 1, '\0')};
  for (const auto slot : slots)
    set(result.bits, slot - result.first);
  return result;
}

result<std::vector<slot>> unpack_slots(std::uint32_t first, std::string_view bits,
                                       std::size_t room) {
  if (first % 8 != 0)
    return fail(errc::invalid_argument, "first: no multiple of 8");
  if (first + std::uint64_t{8} * bits.size() > most_slots + std::uint64_t{8})
    return fail(errc::invalid_argument, "bits: slots that no entry has");
  if (count_bits(bits) > room)
    return fail(errc::too_large, "bits: more slots than one message may name");
  std::vector<slot> slots;
  slots.reserve(count_bits(bits));
  each_bit(bits, [&](std::size_t index) { slots.push_back(static_cast<slot>(first + index)); });
  return slots;
}

std::string pack_slots(const cluster::slot_set& slots) {
  std::string bits;
  if (slots.count() == 0)
    return bits;
  bits.resize((slots.slots() + 7) / 8);
  for (std::size_t i = 0; i < bits.size(); ++i)
    bits[i] = static_cast<char>(slots.words()[i / 8] >> (i % 8 * 8));
  return bits;
}

result<cluster::slot_set> unpack_slot_set(std::uint32_t slots, std::string_view bits) {
  if (slots > most_slots)
    return fail(errc::too_large, "slots: more than an entry can have");
  if (bits.size() != (slots + 7) / 8)
    return fail(errc::invalid_argument, "left_alone: not as many bits as slots");
  cluster::slot_set set(slots);
  bool fits = true;
  each_bit(bits, [&](std::size_t index) { fits = set.insert(static_cast<slot>(index)) && fits; });
  if (!fits)
    return fail(errc::invalid_argument, "left_alone: a slot beyond the last");
  return set;
}

} // namespace weir::net
