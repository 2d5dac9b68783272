#include "cluster/settling.hpp"

#include <algorithm>

namespace weir::cluster {

void settling::add(open_entry entry) {
  seen(entry.position);
  stands_at(entry.position, entry.id);
  if (const auto known = positions_.find(entry.id); known != positions_.end()) {
    if (entry.position > known->second)
      move(entry.id, entry.position);
    return;
  }
  if (entry.settled.all())
    return;
  open_slots_ += entry.settled.slots() - entry.settled.count();
  positions_.emplace(entry.id, entry.position);
  if (!entry.held)
    set_unsent(entry, owners_of(entry));
  const auto position = entry.position;
  by_position_.emplace(position, std::move(entry));
}

void settling::seen(journal_position position) {
  if (position < next_)
    return;
  seen_ahead_.insert(position);
  while (!seen_ahead_.empty() && *seen_ahead_.begin() == next_) {
    seen_ahead_.erase(seen_ahead_.begin());
    ++next_;
  }
}

void settling::stands_at(journal_position position, const entry_id& id) {
  if (!in_journal_.emplace(position, id).second)
    return;
  ++epoch_of(id).in_journal[id.sequence];
}

void settling::has_progress(const entry_id& id) {
  (void)epoch_of(id);
}

settling::epoch_state& settling::epoch_of(const entry_id& id) {
  auto& epoch_entries = epochs_[{id.node, id.epoch}];
  epoch_entries.next = std::max(epoch_entries.next, id.sequence + 1);
  return epoch_entries;
}

void settling::gone_from(const entry_id& id) {
  auto& standing = epochs_.at({id.node, id.epoch}).in_journal;
  const auto found = standing.find(id.sequence);
  if (--found->second == 0)
    standing.erase(found);
}

const open_entry* settling::find(const entry_id& id) const {
  const auto it = positions_.find(id);
  return it == positions_.end() ? nullptr : &by_position_.at(it->second);
}

bool settling::settle(const entry_id& id, const std::vector<slot>& slots) {
  const auto it = positions_.find(id);
  if (it == positions_.end())
    return false;
  auto& entry = by_position_.at(it->second);
  for (const auto s : slots)
    if (entry.settled.insert(s))
      --open_slots_;
  if (!entry.settled.all())
    return false;
  forget(entry);
  return true;
}

bool settling::abandon(const entry_id& id) {
  const auto it = positions_.find(id);
  if (it == positions_.end())
    return false;
  const auto& entry = by_position_.at(it->second);
  open_slots_ -= entry.settled.slots() - entry.settled.count();
  forget(entry);
  return true;
}

void settling::forget(const open_entry& entry) {
  const auto position = entry.position;
  positions_.erase(entry.id);
  clear_unsent(entry);
  by_position_.erase(position);
}

std::size_t settling::entries_of(pipeline_id pipeline) const {
  return static_cast<std::size_t>(
      std::count_if(by_position_.begin(), by_position_.end(),
                    [pipeline](const auto& entry) { return entry.second.pipeline == pipeline; }));
}

journal_position settling::head() const noexcept {
  return by_position_.empty() ? next_ : std::min(next_, by_position_.begin()->first);
}

std::vector<low_water> settling::take_low_water_marks(journal_position gone) {
  while (!in_journal_.empty() && in_journal_.begin()->first < gone) {
    gone_from(in_journal_.begin()->second);
    in_journal_.erase(in_journal_.begin());
  }
  std::vector<low_water> marks;
  for (auto& [key, state] : epochs_) {
    const auto below = state.in_journal.empty() ? state.next : state.in_journal.begin()->first;
    if (below > state.announced) {
      state.announced = below;
      marks.push_back({key.node, key.epoch, below});
    }
  }
  return marks;
}

std::vector<low_water> settling::low_water_marks() const {
  std::vector<low_water> marks;
  for (const auto& [key, state] : epochs_)
    if (state.announced > 0)
      marks.push_back({key.node, key.epoch, state.announced});
  return marks;
}

std::vector<open_entry> settling::stuck(steady_ns before, std::uint64_t ratio,
                                        std::size_t most) const {
  std::vector<open_entry> found;
  if (by_position_.size() < 2 || by_position_.size() * ratio >= next_ - by_position_.begin()->first)
    return found;
  for (const auto& [position, entry] : by_position_) {
    if (found.size() == most || entry.received >= before)
      break;
    found.push_back(entry);
  }
  return found;
}

void settling::begin_move(const entry_id& id, journal_position target) {
  stands_at(target, id);
}

void settling::move(const entry_id& id, journal_position target) {
  seen(target);
  stands_at(target, id);
  const auto it = positions_.find(id);
  if (it == positions_.end() || it->second == target)
    return;
  auto node = by_position_.extract(it->second);
  auto& entry = node.mapped();
  auto unsent = entry.unsent;
  clear_unsent(entry);
  node.key() = target;
  entry.position = target;
  set_unsent(entry, std::move(unsent));
  by_position_.insert(std::move(node));
  it->second = target;
}

} // namespace weir::cluster
