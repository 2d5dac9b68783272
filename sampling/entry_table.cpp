#include "sampling/entry_table.hpp"

#include <algorithm>

namespace weir::sampling {

entry_number entry_table::find(const entry_id& id) const {
  const auto known = by_id_.find(id);
  return known == by_id_.end() ? no_entry : known->second;
}

entry_number entry_table::add(window_entry entry) {
  entry_number number = 0;
  if (free_.empty()) {
    number = static_cast<entry_number>(rows_.size());
    rows_.emplace_back();
  } else {
    number = free_.back();
    free_.pop_back();
  }
  auto& row = rows_[number];
  row.entry = std::move(entry);
  row.held.assign((row.entry.slots + 63) / 64, 0);
  row.open = 0;
  ++row.added;
  by_id_.emplace(row.entry.id, number);
  packed_bytes_ += row.entry.packed_share();
  bytes_ += overhead(row);
  large_ += row.entry.large_envelopes ? 1 : 0;
  if (!row.entry.packed.empty()) {
    trim_resident();
    resident_.emplace_back(number, row.added);
  }
  return number;
}

bool entry_table::hold(entry_number number, slot slot) {
  auto& row = rows_[number];
  auto& word = row.held[slot / 64];
  const auto bit = 1ULL << (slot % 64);
  if ((word & bit) != 0)
    return false;
  word |= bit;
  ++row.open;
  return true;
}

bool entry_table::holds(entry_number number, slot slot) const {
  return ((rows_[number].held[slot / 64] >> (slot % 64)) & 1) != 0;
}

void entry_table::release(entry_number number, slot slot) {
  auto& row = rows_[number];
  row.held[slot / 64] &= ~(1ULL << (slot % 64));
  if (--row.open == 0)
    drop(number);
}

void entry_table::drop(entry_number number) {
  auto& row = rows_[number];
  packed_bytes_ -= row.entry.packed_share();
  bytes_ -= overhead(row);
  large_ -= row.entry.large_envelopes ? 1 : 0;
  by_id_.erase(row.entry.id);
  row.entry = {};
  row.held = {};
  free_.push_back(number);
}

void entry_table::moved(const entry_id& id, journal_position position) {
  if (const auto number = find(id); number != no_entry)
    rows_[number].entry.position = position;
}

std::uint64_t entry_table::set_down(std::size_t limit) {
  std::uint64_t dropped = 0;
  std::vector<std::pair<entry_number, std::uint32_t>> kept;
  while (packed_bytes_ > limit && !resident_.empty()) {
    const auto [number, added] = resident_.back();
    resident_.pop_back();
    auto& row = rows_[number];
    if (row.added != added || row.entry.packed.empty())
      continue;
    if (!row.entry.can_read_back) {
      kept.emplace_back(number, added);
      continue;
    }
    packed_bytes_ -= row.entry.packed_share();
    row.entry.packed = {};
    ++dropped;
  }
  resident_.insert(resident_.end(), kept.rbegin(), kept.rend());
  return dropped;
}

void entry_table::trim_resident() {
  if (resident_.size() < 2 * by_id_.size() + 64)
    return;
  std::erase_if(resident_, [this](const auto& place) {
    const auto& row = rows_[place.first];
    return row.added != place.second || row.entry.packed.empty();
  });
}

} // namespace weir::sampling
