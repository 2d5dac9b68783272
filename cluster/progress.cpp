#include "cluster/progress.hpp"

#include <bit>

namespace weir::cluster {

namespace {

constexpr std::uint8_t format_version = 1;

void put_bits(const slot_set& set, std::string& out) {
  const auto bytes = (set.slots() + 7) / 8;
  for (std::uint32_t i = 0; i < bytes; ++i)
    out.push_back(static_cast<char>(set.words()[i / 8] >> (i % 8 * 8)));
}

slot_set take_bits(std::uint32_t slots, std::string_view bits) {
  slot_set result(slots);
  for (slot s = 0; s < slots; ++s)
    if ((static_cast<unsigned char>(bits[s / 8]) >> (s % 8) & 1U) != 0)
      result.insert(s);
  return result;
}

} // namespace

bool progress::settle(const entry_id& entry, std::uint32_t slots, slot s, bool kept) {
  auto [it, inserted] = records_.try_emplace(entry);
  if (inserted)
    it->second = {slot_set(slots), slot_set(slots)};
  if (!it->second.settled.insert(s))
    return false;
  if (kept)
    it->second.kept.insert(s);
  return true;
}

bool progress::settled(const entry_id& entry, slot s) const {
  const auto it = records_.find(entry);
  return it != records_.end() && it->second.settled.contains(s);
}

const slot_set* progress::find(const entry_id& entry) const {
  const auto it = records_.find(entry);
  return it == records_.end() ? nullptr : &it->second.settled;
}

std::string progress::encode(const entry_id& entry) const {
  const auto it = records_.find(entry);
  if (it == records_.end())
    return {};
  const auto slots = it->second.settled.slots();
  std::string out;
  out.reserve(5 + (slots + 7) / 8 * 2);
  out.push_back(static_cast<char>(format_version));
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>(slots >> shift));
  put_bits(it->second.settled, out);
  put_bits(it->second.kept, out);
  return out;
}

result<void> progress::load(const entry_id& entry, std::string_view bytes) {
  if (bytes.size() < 5)
    return fail(errc::corrupt, "progress record of " + std::to_string(bytes.size()) + " bytes");
  if (static_cast<std::uint8_t>(bytes[0]) > format_version)
    return fail(errc::unsupported, "progress record of a newer version");
  std::uint32_t slots = 0;
  for (int i = 0; i < 4; ++i)
    slots |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[1 + i])) << (8 * i);
  const std::size_t width = (std::size_t{slots} + 7) / 8;
  if (bytes.size() != 5 + 2 * width)
    return fail(errc::corrupt, "progress record has " + std::to_string(bytes.size()) + " bytes for "
                                   + std::to_string(slots) + " slots");
  records_[entry] = {take_bits(slots, bytes.substr(5, width)),
                     take_bits(slots, bytes.substr(5 + width, width))};
  return {};
}

void progress::forget(node_id node, epoch epoch, sequence below) {
  std::erase_if(records_, [&](const auto& item) {
    return item.first.node == node && item.first.epoch == epoch && item.first.sequence < below;
  });
}

} // namespace weir::cluster
