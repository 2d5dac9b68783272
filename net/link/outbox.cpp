#include "net/link/outbox.hpp"

#include <algorithm>
#include <type_traits>

namespace weir::net {

namespace {

/// Of a message with nothing in it, and of each part of one.
constexpr std::size_t frame = outbox<data_message>::least_weight;
/// Of a message that was cut.
constexpr std::size_t cut_bytes = 256 << 10;

template <class Kind>
std::size_t weight_of(const Kind&) {
  return frame;
}

std::size_t weight_of(const cluster::gossip& gossip) {
  std::size_t sum = frame;
  for (const auto& member : gossip.members) {
    sum += frame + member.address.size() + member.zone.size() + member.release.size()
           + member.name.size() + 8 * member.unreachable.size();
    for (const auto& rate : member.rates)
      sum += frame + rate.keys.size() * sizeof(key_rate);
    for (const auto& pipeline : member.pipelines)
      sum += sizeof(pipeline) + pipeline.size();
  }
  return sum;
}

std::size_t weight_of(const cluster::sent_entry& sent) {
  return frame + sent.pipeline.size() + sent.entry.size() + sent.left_alone.slots() / 8;
}

std::size_t weight_of(const cluster::handed_over& handed) {
  std::size_t sum = frame + handed.pipeline.size() + handed.decisions.size();
  for (const auto& [entry, record] : handed.progress)
    sum += frame + record.size();
  return sum;
}

// Its slots come in the order in which their traces were decided.
std::size_t weight_of(const cluster::entry_slots& entry) {
  const auto memory = frame + entry.slots.size() * sizeof(slot);
  if (entry.slots.empty())
    return memory;
  const auto [least, greatest] = std::minmax_element(entry.slots.begin(), entry.slots.end());
  return memory + (*greatest - *least) / 8;
}

std::size_t weight_of(const std::vector<cluster::entry_slots>& entries) {
  std::size_t sum = frame;
  for (const auto& entry : entries)
    sum += weight_of(entry);
  return sum;
}

std::size_t weight_of(const cluster::settled_slots& settled) {
  return weight_of(settled.entries);
}
std::size_t weight_of(const cluster::wrong_owner& wrong) {
  return weight_of(wrong.entries);
}

// Without credit nothing comes any more.
template <class Kinds>
bool hurries(const Kinds& message) {
  return std::visit(
      [](const auto& kind) { return std::is_same_v<std::decay_t<decltype(kind)>, cluster::taken>; },
      message);
}

template <class Kinds>
std::size_t weight_of_any(const Kinds& message) {
  return std::visit([](const auto& kind) { return weight_of(kind); }, message);
}

} // namespace

std::size_t weight(const control_message& message) noexcept {
  return weight_of_any(message);
}
std::size_t weight(const control_answer& answer) noexcept {
  return weight_of_any(answer);
}
std::size_t weight(const data_message& message) noexcept {
  return weight_of_any(message);
}
std::size_t weight(const data_answer& answer) noexcept {
  return weight_of_any(answer);
}

std::vector<data_answer> cut(data_answer answer) {
  std::vector<data_answer> parts;
  if (weight(answer) <= cut_bytes) {
    parts.push_back(std::move(answer));
    return parts;
  }
  const auto cut_entries = [&parts](auto& whole) {
    auto part = whole;
    part.entries.clear();
    std::size_t bytes = 0;
    for (auto& entry : whole.entries) {
      bytes += weight_of(entry);
      part.entries.push_back(std::move(entry));
      if (bytes < cut_bytes && &entry != &whole.entries.back())
        continue;
      parts.push_back(std::move(part));
      part = whole;
      part.entries.clear();
      bytes = 0;
    }
  };
  if (auto* settled = std::get_if<cluster::settled_slots>(&answer))
    cut_entries(*settled);
  else if (auto* wrong = std::get_if<cluster::wrong_owner>(&answer))
    cut_entries(*wrong);
  return parts;
}

template <class Kinds>
bool outbox<Kinds>::push(Kinds message) {
  if constexpr (std::is_constructible_v<Kinds, cluster::gossip>) {
    if (auto* gossip = std::get_if<cluster::gossip>(&message)) {
      gossip->wants_answer |= gossip_ && gossip_->wants_answer;
      gossip_ = std::move(*gossip);
      return true;
    }
  }
  const auto bytes = weight(message);
  if (bytes > room_ - bytes_)
    return false;
  bytes_ += bytes;
  hurried_ += net::hurries(message) ? 1 : 0;
  queue_.push_back({std::move(message), bytes});
  return true;
}

template <class Kinds>
std::optional<Kinds> outbox<Kinds>::pop() {
  std::optional<Kinds> next;
  if constexpr (std::is_constructible_v<Kinds, cluster::gossip>) {
    if (gossip_) {
      next.emplace(std::move(*gossip_));
      gossip_.reset();
      return next;
    }
  }
  if (queue_.empty())
    return next;
  next.emplace(std::move(queue_.front().message));
  bytes_ -= queue_.front().bytes;
  hurried_ -= net::hurries(*next) ? 1 : 0;
  queue_.pop_front();
  return next;
}

template <class Kinds>
std::vector<Kinds> outbox<Kinds>::pop_some(std::size_t bytes) {
  std::vector<Kinds> some;
  std::size_t sum = gossip_ ? bytes : 0; // Gossip goes alone.
  do {
    sum += queue_.empty() ? 0 : queue_.front().bytes;
    if (auto next = pop())
      some.push_back(std::move(*next));
  } while (!queue_.empty() && sum + queue_.front().bytes <= bytes);
  return some;
}

template <class Kinds>
void outbox<Kinds>::clear() {
  gossip_.reset();
  queue_.clear();
  bytes_ = 0;
  hurried_ = 0;
}

template class outbox<control_message>;
template class outbox<control_answer>;
template class outbox<data_message>;
template class outbox<data_answer>;

} // namespace weir::net
