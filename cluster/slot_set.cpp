#include "cluster/slot_set.hpp"

namespace weir::cluster {

namespace {

constexpr std::uint8_t format_version = 1;
constexpr std::size_t head_bytes = 5;

} // namespace

std::size_t bit_bytes(std::uint32_t slots) noexcept {
  return (std::size_t{slots} + 7) / 8;
}

void append_bits(const slot_set& set, std::string& out) {
  for (std::size_t i = 0; i < bit_bytes(set.slots()); ++i)
    out.push_back(static_cast<char>(set.words()[i / 8] >> (i % 8 * 8)));
}

slot_set read_bits(std::uint32_t slots, std::string_view bits) {
  slot_set set(slots);
  for (slot s = 0; s < slots; ++s)
    if ((static_cast<unsigned char>(bits[s / 8]) >> (s % 8) & 1U) != 0)
      set.insert(s);
  return set;
}

std::string encode(const slot_set& set) {
  std::string record;
  record.reserve(head_bytes + bit_bytes(set.slots()));
  record.push_back(static_cast<char>(format_version));
  for (int shift = 0; shift < 32; shift += 8)
    record.push_back(static_cast<char>(set.slots() >> shift));
  append_bits(set, record);
  return record;
}

result<slot_set> decode_slots(std::string_view record) {
  if (record.size() < head_bytes)
    return fail(errc::corrupt,
                "settled slots: a record of " + std::to_string(record.size()) + " bytes");
  if (static_cast<std::uint8_t>(record[0]) > format_version)
    return fail(errc::unsupported, "settled slots: a record of a newer version");
  std::uint32_t slots = 0;
  for (int i = 0; i < 4; ++i)
    slots |= std::uint32_t{static_cast<unsigned char>(record[1 + i])} << (8 * i);
  if (record.size() != head_bytes + bit_bytes(slots))
    return fail(errc::corrupt, "settled slots: " + std::to_string(record.size()) + " bytes for "
                                   + std::to_string(slots) + " slots");
  return read_bits(slots, record.substr(head_bytes));
}

} // namespace weir::cluster
