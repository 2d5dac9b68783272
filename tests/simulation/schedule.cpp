#include "schedule.hpp"

#include <iterator>

namespace weir::simulation {

void schedule::advance(steady_ns until) {
  while (!timers_.empty() && timers_.begin()->first <= until) {
    auto next = timers_.extract(timers_.begin());
    now_ = std::max(now_, next.key());
    if (const auto found = paused_.find(next.mapped().owner); found != paused_.end())
      found->second.push_back(std::move(next.mapped()));
    else
      next.mapped().call();
  }
  now_ = std::max(now_, until);
}

void schedule::add(owner_number owner, std::string_view link, message added) {
  const auto arrow = link.find("> ");
  const auto name = arrow == std::string_view::npos ? link : link.substr(arrow + 2);
  auto& names = names_[owner];
  auto found = names.find(name);
  if (found == names.end()) {
    found = names.emplace(name, &mailboxes_.emplace_back()).first;
    found->second->owner = owner;
  }
  auto& target = *found->second;
  target.messages.push_back(std::move(added));
  if (target.messages.size() > 1 || paused_.contains(owner))
    return;
  target.place = ready_.size();
  ready_.push_back(&target);
}

void schedule::look_at_mailboxes() {
  ready_.clear();
  for (auto& each : mailboxes_) {
    if (each.messages.empty() || paused_.contains(each.owner))
      continue;
    each.place = ready_.size();
    ready_.push_back(&each);
  }
}

void schedule::step() {
  if (ready_.empty()) {
    if (!timers_.empty())
      advance(timers_.begin()->first);
    return;
  }
  auto& chosen = *ready_[random_() % ready_.size()];
  const auto next = std::move(chosen.messages.front());
  note([&] { return fmt::format("n{} {}: {}", chosen.owner, next.link, next.text); });
  chosen.messages.pop_front();
  if (chosen.messages.empty()) {
    ready_.back()->place = chosen.place;
    ready_[chosen.place] = ready_.back();
    ready_.pop_back();
  }
  next.deliver();
}

void schedule::forget(owner_number owner) {
  for (auto& each : mailboxes_)
    if (each.owner == owner)
      each.messages.clear();
  std::erase_if(timers_, [&](const auto& each) { return each.second.owner == owner; });
  paused_.erase(owner);
  look_at_mailboxes();
}

void schedule::pause(owner_number owner, bool paused) {
  if (paused) {
    paused_.try_emplace(owner);
    return look_at_mailboxes();
  }
  const auto over = paused_.extract(owner);
  if (!over)
    return;
  for (const auto& each : over.mapped())
    timers_.emplace(now_, each);
  look_at_mailboxes();
}

} // namespace weir::simulation
