#include "cluster/progress.hpp"

#include <algorithm>

namespace weir::cluster {

namespace {

constexpr std::uint8_t format_version = 1;

} // namespace

bool progress::settle(const entry_id& entry, std::uint32_t slots, slot s, bool kept) {
  auto it = records_.find(entry);
  if (it == records_.end()) {
    if (is_forgotten(entry))
      return false;
    it = records_.emplace(entry, record{slot_set(slots), slot_set(slots)}).first;
  }
  if (!it->second.settled.insert(s))
    return false;
  if (kept)
    it->second.kept.insert(s);
  return true;
}

bool progress::is_forgotten(const entry_id& entry) const {
  const auto mark = forgotten_.find({entry.node, entry.epoch});
  return mark != forgotten_.end() && entry.sequence < mark->second.below;
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
  out.reserve(5 + 2 * bit_bytes(slots));
  out.push_back(static_cast<char>(format_version));
  for (int shift = 0; shift < 32; shift += 8)
    out.push_back(static_cast<char>(slots >> shift));
  append_bits(it->second.settled, out);
  append_bits(it->second.kept, out);
  return out;
}

result<progress::record> progress::read(std::string_view bytes) {
  if (bytes.size() < 5)
    return fail(errc::corrupt, "progress record of " + std::to_string(bytes.size()) + " bytes");
  if (static_cast<std::uint8_t>(bytes[0]) > format_version)
    return fail(errc::unsupported, "progress record of a newer version");
  std::uint32_t slots = 0;
  for (int i = 0; i < 4; ++i)
    slots |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[1 + i])) << (8 * i);
  const auto width = bit_bytes(slots);
  if (bytes.size() != 5 + 2 * width)
    return fail(errc::corrupt, "progress record has " + std::to_string(bytes.size()) + " bytes for "
                                   + std::to_string(slots) + " slots");
  return record{read_bits(slots, bytes.substr(5, width)),
                read_bits(slots, bytes.substr(5 + width, width))};
}

result<void> progress::load(const entry_id& entry, std::string_view bytes) {
  auto loaded = read(bytes);
  if (!loaded)
    return tl::unexpected(loaded.error());
  records_[entry] = std::move(*loaded);
  return {};
}

result<bool> progress::merge(const entry_id& entry, std::string_view bytes) {
  const auto theirs = read(bytes);
  if (!theirs)
    return tl::unexpected(theirs.error());
  if (is_forgotten(entry))
    return false;
  auto [known, added] = records_.try_emplace(entry, *theirs);
  if (added)
    return true;
  if (known->second.settled.slots() != theirs->settled.slots())
    return fail(errc::corrupt, "progress records of one entry with other numbers of slots");
  const auto before = known->second.settled.count();
  // What was settled here was logged here: of what both have, this one's word counts.
  for (slot s = 0; s < theirs->settled.slots(); ++s)
    if (theirs->settled.contains(s) && known->second.settled.insert(s) && theirs->kept.contains(s))
      known->second.kept.insert(s);
  return known->second.settled.count() > before;
}

void progress::note(const entry_id& entry, const slot_set& settled) {
  auto [known, added] = records_.try_emplace(entry);
  if (added)
    known->second = {slot_set(settled.slots()), slot_set(settled.slots())};
  if (known->second.settled.slots() == settled.slots())
    known->second.settled.insert_all(settled);
}

void progress::forget(node_id node, epoch epoch, sequence below) {
  const auto [known, added] = forgotten_.try_emplace({node, epoch});
  if (added)
    known->second.order = next_order_++;
  known->second.below = std::max(known->second.below, below);
  if (forgotten_.size() > most_marks)
    forgotten_.erase(
        std::min_element(forgotten_.begin(), forgotten_.end(), [](const auto& a, const auto& b) {
          return a.second.order < b.second.order;
        }));
  std::erase_if(records_, [&](const auto& item) {
    return item.first.node == node && item.first.epoch == epoch && item.first.sequence < below;
  });
}

std::vector<std::tuple<node_id, epoch, sequence>> progress::epochs() const {
  std::map<std::pair<node_id, weir::epoch>, sequence> above;
  for (const auto& [entry, record] : records_) {
    auto& below = above[{entry.node, entry.epoch}];
    below = std::max(below, entry.sequence + 1);
  }
  std::vector<std::tuple<node_id, weir::epoch, sequence>> all;
  for (const auto& [key, below] : above)
    all.emplace_back(key.first, key.second, below);
  return all;
}

} // namespace weir::cluster
