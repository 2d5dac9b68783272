// What is to be sent, and to whom.
#include "cluster/settling.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace weir::cluster {

namespace {

void add_once(node_id owner, std::vector<node_id>& owners) {
  if (owner != 0 && std::find(owners.begin(), owners.end(), owner) == owners.end())
    owners.push_back(owner);
}

bool has(const std::vector<node_id>& owners, node_id owner) {
  return std::find(owners.begin(), owners.end(), owner) != owners.end();
}

} // namespace

node_id settling::owner_of(const open_entry& entry, slot s) const {
  if (owners_.empty() || entry.partitions.empty())
    return self_;
  const auto other = differing_.find(entry.pipeline);
  return (other == differing_.end() ? owners_ : other->second)[entry.partitions[s]];
}

std::vector<node_id> settling::owners_of(const open_entry& entry) const {
  std::vector<node_id> owners;
  if (owners_.empty() || entry.partitions.empty())
    return {self_};
  for (slot s = 0; s < entry.settled.slots(); ++s)
    if (!entry.settled.contains(s))
      add_once(owner_of(entry, s), owners);
  return owners;
}

// @pre it is unsent to nobody
void settling::set_unsent(open_entry& entry, std::vector<node_id> owners) {
  for (const auto owner : owners)
    unsent_[owner].emplace(entry.received, entry.position);
  entry.unsent = std::move(owners);
}

void settling::clear_unsent(const open_entry& entry) {
  for (const auto owner : entry.unsent) {
    const auto found = unsent_.find(owner);
    found->second.erase({entry.received, entry.position});
    if (found->second.empty())
      unsent_.erase(found);
  }
}

void settling::mark_sent(const entry_id& id, node_id owner) {
  const auto found = positions_.find(id);
  if (found == positions_.end())
    return;
  auto& entry = by_position_.at(found->second);
  auto left = entry.unsent;
  std::erase(left, owner);
  clear_unsent(entry);
  set_unsent(entry, std::move(left));
}

void settling::resend(pipeline_id pipeline, steady_ns received) {
  for (auto& [position, entry] : by_position_) {
    if (entry.pipeline != pipeline)
      continue;
    clear_unsent(entry);
    entry.held = false;
    entry.received = std::max(entry.received, received);
    set_unsent(entry, owners_of(entry));
  }
}

void settling::hold(pipeline_id pipeline) {
  for (auto& [position, entry] : by_position_) {
    if (entry.pipeline != pipeline)
      continue;
    clear_unsent(entry);
    entry.unsent.clear();
    entry.held = true;
  }
}

void settling::change_owners(std::vector<node_id> owners, owners_by_pipeline differing) {
  std::vector<std::vector<node_id>> former; // By open entry and slot.
  former.reserve(by_position_.size());
  for (const auto& [position, entry] : by_position_) {
    auto& slots = former.emplace_back();
    for (slot s = 0; s < entry.settled.slots(); ++s)
      slots.push_back(owner_of(entry, s));
  }
  owners_ = std::move(owners);
  differing_ = std::move(differing);
  auto before = former.begin();
  for (auto& [position, entry] : by_position_) {
    const auto& owned = *before++;
    if (entry.held || entry.partitions.empty())
      continue;
    std::vector<node_id> unsent;
    for (slot s = 0; s < entry.settled.slots(); ++s) {
      if (entry.settled.contains(s))
        continue;
      const auto owner = owner_of(entry, s);
      if (owner != owned[s] || has(entry.unsent, owner))
        add_once(owner, unsent);
    }
    clear_unsent(entry);
    entry.turned_away = 0;
    set_unsent(entry, std::move(unsent));
  }
}

void settling::send_again(node_id owner) {
  for (auto& [position, entry] : by_position_) {
    if (entry.held || has(entry.unsent, owner) || !has(owners_of(entry), owner))
      continue;
    auto unsent = entry.unsent;
    unsent.push_back(owner);
    clear_unsent(entry);
    set_unsent(entry, std::move(unsent));
  }
}

void settling::turned_away(const entry_id& id, const std::vector<slot>& slots, node_id owner) {
  const auto found = positions_.find(id);
  if (found == positions_.end())
    return;
  auto& entry = by_position_.at(found->second);
  const bool any = std::any_of(slots.begin(), slots.end(), [&](slot s) {
    return s < entry.settled.slots() && !entry.settled.contains(s) && owner_of(entry, s) == owner;
  });
  if (entry.held || !any)
    return;
  ++entry.turned_away;
  auto unsent = entry.unsent;
  add_once(owner, unsent);
  clear_unsent(entry);
  set_unsent(entry, std::move(unsent));
}

slot_set settling::left_alone(const open_entry& entry, node_id owner) const {
  auto alone = entry.settled;
  for (slot s = 0; s < alone.slots(); ++s)
    if (owner_of(entry, s) != owner)
      alone.insert(s);
  return alone;
}

const open_entry* settling::next_unsent(node_id owner, std::size_t skipped) const {
  const auto found = unsent_.find(owner);
  if (found == unsent_.end() || found->second.size() <= skipped)
    return nullptr;
  const auto next = std::next(found->second.begin(), static_cast<std::ptrdiff_t>(skipped));
  return &by_position_.at(next->second);
}

std::optional<steady_ns> settling::oldest_unsent(node_id owner) const {
  const auto found = unsent_.find(owner);
  if (found == unsent_.end())
    return std::nullopt;
  return found->second.begin()->first;
}

std::optional<steady_ns> settling::oldest_unsent() const {
  std::optional<steady_ns> oldest;
  for (const auto& [owner, queue] : unsent_)
    oldest = std::min(oldest.value_or(queue.begin()->first), queue.begin()->first);
  return oldest;
}

std::string settling::describe(std::size_t most) const {
  std::string text;
  for (const auto& [position, entry] : by_position_) {
    if (most-- == 0)
      return text + ", ...";
    text += fmt::format("{}{}/{}", text.empty() ? "" : ", ", entry.id.epoch, entry.id.sequence);
    for (slot s = 0; s < entry.settled.slots(); ++s)
      if (!entry.settled.contains(s))
        text += fmt::format(" {} of {:x}", s, owner_of(entry, s));
    text += fmt::format(" (unsent to {:x}{})", fmt::join(entry.unsent, " "),
                        entry.held ? ", held" : "");
  }
  return text;
}

std::size_t settling::unsent() const noexcept {
  std::size_t count = 0;
  for (const auto& [owner, queue] : unsent_)
    count += queue.size();
  return count;
}

} // namespace weir::cluster
