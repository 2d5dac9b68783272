#include "cluster/membership.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace weir::cluster {

membership::membership(member self, std::vector<std::string> seeds, membership_settings settings,
                       std::uint64_t random_seed, steady_ns now)
    : id_(self.id), seeds_(std::move(seeds)), settings_(settings), random_(random_seed),
      began_(now), ticked_(now), next_gossip_(now) {
  self.state = member_state::joining;
  known_.emplace(id_, known_member{std::move(self), now, now});
}

void membership::tick(steady_ns now) {
  if (now - ticked_ > settings_.suspect_after && !alone())
    freeze(now);
  ticked_ = now;
  auto& own = known_.at(id_).info;
  if (own.state == member_state::joining && (answered_ || now - began_ >= settings_.join_timeout)) {
    own.state = member_state::up;
    ++own.beat;
    tell_all();
  }
  if (now >= next_gossip_)
    beat(now);
  if (now - froze_ >= settings_.down_after) // They went while it stood still.
    frozen_ = false;
  if (!frozen())
    judge(now);
  forget(now);
}

// What waits in sockets was said before the pause: only who has heard a later beat knows what has
// become of this boot.
void membership::freeze(steady_ns now) {
  frozen_ = true;
  froze_ = now;
  thaw_beat_ = self().beat + 1;
  next_gossip_ = now;
  // The others' beats did not stand still; it was this process that did not hear them.
  for (auto& [id, each] : known_)
    each.heard = now;
}

void membership::beat(steady_ns now) {
  next_gossip_ = now + settings_.gossip_interval;
  note_unreachable(now);
  auto& own = known_.at(id_);
  ++own.info.beat;
  own.heard = now;
  choose_targets();
}

void membership::note_unreachable(steady_ns now) {
  std::vector<node_id> unreachable;
  for (const auto& [id, each] : known_)
    if (id != id_ && each.info.lives() && each.lost && now - *each.lost >= settings_.suspect_after)
      unreachable.push_back(id);
  known_.at(id_).info.unreachable = std::move(unreachable);
}

// A random member that lives for each of the fanout, and a seed that is none of those who live: it
// may be another part of the cluster. Now and then one that does not live: a cut that heals is found
// so.
void membership::choose_targets() {
  auto live = others([](const member& each) { return each.lives(); });
  std::shuffle(live.begin(), live.end(), random_);
  live.resize(std::min(live.size(), settings_.fanout));
  const auto gone = others([](const member& each) { return each.state == member_state::down; });
  if (!gone.empty() && (live.empty() || random_() % 4 == 0))
    live.push_back(gone[random_() % gone.size()]);
  for (const auto* each : live)
    targets_.push_back({each->id, each->address, true});
  auto unknown = seeds_;
  std::erase_if(unknown, [this](const auto& seed) {
    return std::any_of(known_.begin(), known_.end(), [&](const auto& each) {
      return each.second.info.lives() && each.second.info.address == seed;
    });
  });
  // Who has heard of nobody yet asks all: it would found another cluster beside its own.
  std::shuffle(unknown.begin(), unknown.end(), random_);
  unknown.resize(std::min<std::size_t>(unknown.size(), answered_ ? 1 : unknown.size()));
  for (const auto& seed : unknown)
    targets_.push_back({0, seed, true});
}

void membership::receive(node_id source, const std::vector<member>& theirs, bool wants_answer,
                         steady_ns now) {
  for (const auto& heard : theirs)
    if (heard.id == id_)
      hear_of_self(heard);
    else
      take_in(heard, now);
  if (source == id_)
    return; // A seed is ourselves.
  answered_ = true;
  const auto found = known_.find(source);
  if (wants_answer && found != known_.end())
    targets_.push_back({source, found->second.info.address, false});
}

void membership::hear_of_self(const member& heard) {
  const auto& own = self();
  superseded_ = superseded_ || heard.boot > own.boot;
  if (heard.boot != own.boot)
    return;
  told_down_ = told_down_ || heard.state == member_state::down;
  frozen_ = frozen_ && heard.beat < thaw_beat_;
}

void membership::take_in(const member& heard, steady_ns now) {
  const auto found = known_.find(heard.id);
  if (found == known_.end()) {
    // Who is gone is not heard of for the first time: it was forgotten.
    if (heard.lives() && known_.size() < ring::max_members)
      known_.emplace(heard.id, known_member{heard, now, now});
    return;
  }
  auto& known = found->second;
  const auto before = std::pair(known.info.boot, known.info.beat);
  merge(known.info, heard);
  const auto after = std::pair(known.info.boot, known.info.beat);
  if (after > before)
    known.heard = now;
  if (after.first > before.first) {
    known.lost.reset();
    known.since = now;
  }
}

void membership::judge(steady_ns now) {
  std::vector<node_id> down;
  for (const auto& [id, each] : known_)
    // What others said of an earlier boot goes by first.
    if (id != id_ && each.info.lives()
        && (now - each.heard >= settings_.down_after
            || (now - each.since >= settings_.down_after && out_of_reach(id))))
      down.push_back(id);
  for (const auto id : down) {
    auto& known = known_.at(id);
    known.info.state = member_state::down;
    known.heard = now;
  }
  if (!down.empty()) // Until all know, they go by different rings.
    tell_all();
}

void membership::tell_all() {
  for (const auto* each : others([](const member& other) { return other.lives(); }))
    targets_.push_back({each->id, each->address, false});
}

bool membership::out_of_reach(node_id id) const {
  std::size_t without = 0;
  std::size_t asked = 0;
  for (const auto& [other, each] : known_) {
    if (other == id || each.info.state != member_state::up)
      continue;
    ++asked;
    const auto& list = each.info.unreachable;
    without += std::find(list.begin(), list.end(), id) != list.end() ? 1 : 0;
  }
  return 2 * without > asked;
}

void membership::forget(steady_ns now) {
  std::erase_if(known_, [&](const auto& each) {
    const auto& [id, known] = each;
    return id != id_ && !known.info.lives() && now - known.heard >= settings_.forget_after;
  });
}

void membership::link_up(node_id id) {
  if (const auto found = known_.find(id); found != known_.end())
    found->second.lost.reset();
}

void membership::link_lost(node_id id, steady_ns now) {
  if (const auto found = known_.find(id); found != known_.end() && !found->second.lost)
    found->second.lost = now;
}

const member* membership::find(node_id id) const {
  const auto found = known_.find(id);
  return found == known_.end() ? nullptr : &found->second.info;
}

void membership::set_pipelines(std::vector<std::string> names) {
  known_.at(id_).info.pipelines = std::move(names);
}

void membership::set_rates(std::vector<rate_report> rates) {
  known_.at(id_).info.rates = std::move(rates);
}

void membership::leave() {
  auto& own = known_.at(id_).info;
  own.state = std::max(own.state, member_state::leaving);
  ++own.beat;
}

void membership::say_left() {
  auto& own = known_.at(id_).info;
  own.state = member_state::left;
  ++own.beat;
  tell_all();
}

void membership::begin_boot(std::uint64_t boot, steady_ns now) {
  auto& own = known_.at(id_);
  own.info.boot = boot;
  own.info.state = member_state::joining;
  own.info.beat = 0;
  own.heard = now;
  told_down_ = false;
  frozen_ = false; // It holds nothing.
}

std::string membership::refusal_of(const member& newcomer, steady_ns now) const {
  const auto found = known_.find(newcomer.id);
  if (found == known_.end())
    return known_.size() < ring::max_members
               ? ""
               : fmt::format("the cluster has {} members, more are not taken in", known_.size());
  const auto& known = found->second;
  const bool lives =
      newcomer.id == id_
      || (known.info.lives() && !known.lost && now - known.heard < settings_.suspect_after);
  if (newcomer.boot == known.info.boot || !lives)
    return {};
  return fmt::format("the node id {:016x} is taken by another process that lives, at {}",
                     newcomer.id, known.info.address);
}

std::vector<gossip_target> membership::take_targets() {
  return std::exchange(targets_, {});
}

std::vector<member> membership::all_known() const {
  std::vector<member> all;
  all.reserve(known_.size());
  for (const auto& [id, each] : known_)
    all.push_back(each.info);
  return all;
}

std::vector<ring_member> membership::members_up() const {
  std::vector<ring_member> up;
  for (const auto& [id, each] : known_)
    if (each.info.state == member_state::up)
      up.push_back({id, each.info.boot, each.info.zone, each.info.pipelines});
  return up;
}

std::optional<ring> membership::take_ring(steady_ns now) {
  if (frozen())
    return std::nullopt;
  auto up = members_up();
  const auto digest = ring_digest(up);
  if (digest == ring_) {
    ring_changed_.reset();
    return std::nullopt;
  }
  if (!ring_changed_)
    ring_changed_ = now;
  if (now - *ring_changed_ < settings_.ring_delay)
    return std::nullopt;
  ring_changed_.reset();
  ring_ = digest;
  return ring(std::move(up));
}

bool membership::suspected(node_id id, steady_ns now) const {
  const auto found = known_.find(id);
  return found != known_.end() && id != id_ && found->second.info.lives()
         && now - found->second.heard >= settings_.suspect_after;
}

std::string membership::unready(steady_ns now) const {
  if (superseded_)
    return "another process with this node's id is in the cluster";
  if (told_down_)
    return "the others took this node for down";
  if (frozen_)
    return "the process stood still, and has heard of no other member since";
  if (self().state != member_state::up)
    return std::string(to_string(self().state));
  for (const auto& [id, each] : known_)
    if (id != id_ && each.info.state == member_state::up && each.lost
        && now - *each.lost >= settings_.down_after)
      return fmt::format("no link to {} for {} s", each.info.address,
                         (now - *each.lost) / second_ns);
  return {};
}

bool membership::alone() const {
  return others([](const member& each) { return each.lives(); }).empty();
}

template <class Holds>
std::vector<const member*> membership::others(Holds&& holds) const {
  std::vector<const member*> found;
  for (const auto& [id, each] : known_)
    if (id != id_ && holds(each.info))
      found.push_back(&each.info);
  return found;
}

} // namespace weir::cluster
