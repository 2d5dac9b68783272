// The shard in a cluster: what is its own changes with the ring.
#include "stages/shard.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// Decisions in one message to another node: some 60 KiB.
constexpr std::size_t decisions_at_once = 4096;

} // namespace

bool shard::owns(std::uint64_t print) const noexcept {
  return !ring_ || ring_->owner_of(codec::partition_of(print)) == disk_->node();
}

void shard::change_ring(ring_ptr ring, moment now) {
  now_ = now;
  const auto before = std::exchange(ring_, std::move(ring));
  const auto& former = before ? *before : cluster::no_ring;
  const bool other = former.ring != ring_->ring || ring_->fresh;
  watermark_.expect_only(ring_->living, other);
  for (auto& lane : lanes_) {
    lane.window->follow_others();
    if (ring_->fresh && !config_.broken.keep_window)
      lane.window->abandon(); // Its links are other ones: everything comes again.
    else if (other)
      drop_others(lane);
    if (other)
      std::erase_if(lane.handed_all, [&](const auto& each) { return each.second == former.ring; });
    await(lane, other);
    if (other)
      begin_handing(lane, former);
    lane.gauges.show(*lane.window, *lane.cache, now_.steady);
  }
  give_credit();
}

// Their origins may not have seen the ring by which they are another's, and never see it: they are
// told.
void shard::drop_others(lane& lane) {
  std::map<entry_id, std::vector<slot>> dropped;
  lane.window->abandon([this](auto print) { return !owns(print); },
                       [&](const auto& entry, slot s) { dropped[entry.id].push_back(s); });
  for (const auto& [entry, slots] : dropped)
    turn_away(entry, slots);
}

void shard::turn_away(const entry_id& entry, const std::vector<slot>& slots) {
  metrics::cluster_turned_away_slots.with().Increment(static_cast<double>(slots.size()));
  ports_.send_turned_away(entry.node, {ring_ ? ring_->ring : 0, {{entry, slots}}});
}

// Those of the ring before that go on awaited need not hand over again.
void shard::await(lane& lane, bool anew) const {
  std::set<node_id> deciders;
  if (const auto found = ring_->deciders.find(lane.info.name);
      found != ring_->deciders.end() && !config_.broken.ignore_deciders)
    deciders.insert(found->second.begin(), found->second.end());
  const auto has_handed_over = [&](node_id each) {
    const auto found = lane.handed_all.find(each);
    return found != lane.handed_all.end() && found->second == ring_->ring;
  };
  std::erase_if(lane.handed_all, [&](const auto& each) {
    return std::find(ring_->living.begin(), ring_->living.end(), each.first) == ring_->living.end();
  });
  std::erase_if(deciders, has_handed_over);
  if (anew)
    lane.deciders = std::move(deciders);
  else
    std::erase_if(lane.deciders, [&](node_id each) { return !deciders.contains(each); });
  lane.window->hold_late(!lane.deciders.empty());
}

// What was this shard's to hand over by an earlier ring and is not with anybody yet goes to the
// owner of now.
void shard::begin_handing(lane& lane, const cluster::ring_view& before) {
  const auto self = disk_->node();
  std::vector<node_id> targets(partition_count, 0);
  bool any = false;
  for (std::size_t p = 0; p < partition_count; ++p) {
    if (p % config_.count != config_.index)
      continue;
    const auto owner = ring_->owner_of(p);
    // Of an earlier start it may know what the owners of now do not.
    const bool had = before.ring == 0 || before.owner_of(p) == self
                     || (!lane.handing.empty() && lane.handing[p] != 0);
    if (had && owner != self)
      targets[p] = owner;
    else if (owner == self && ring_->standby_of(p) != before.standby_of(p))
      targets[p] = ring_->standby_of(p);
    any = any || targets[p] != 0;
  }
  lane.handing = any ? std::move(targets) : std::vector<node_id>{};
  lane.handing_end = any ? lane.cache->end() : 0;
  lane.unanswered.clear();
  ports_.send_ring(lane.info.compressor, ring_);
  hand_over(lane);
}

// One chunk at a time to each target: nothing gathers on the way.
void shard::hand_over(lane& lane) {
  while (lane.unanswered.empty() && lane.handing_end != 0) {
    std::string chunk;
    lane.handing_end = lane.cache->write_some(
        lane.handing_end, decisions_at_once,
        [&](auto print) { return lane.handing[codec::partition_of(print)] != 0; }, chunk);
    const auto by_target = sampling::split_chunk(
        chunk, [&](auto print) { return lane.handing[codec::partition_of(print)]; });
    for (const auto& [target, decisions] : by_target)
      lane.unanswered.insert(target);
    for (const auto& [target, decisions] : by_target)
      ports_.send_handed(lane.info.compressor, std::make_shared<const handed_decisions>(
                                                   config_.index, ring_, target, decisions));
  }
  if (!lane.unanswered.empty())
    return;
  lane.handing.clear();
  ports_.send_handed(lane.info.compressor,
                     std::make_shared<const handed_decisions>(config_.index, ring_, 0, ""));
}

void shard::handed(pipeline_id pipeline, const handed_decisions& message) {
  auto* lane = find(pipeline);
  if (lane == nullptr || message.ring != ring_ || lane->unanswered.erase(message.target) == 0)
    return;
  if (lane->unanswered.empty())
    hand_over(*lane);
}

void shard::take_over(const taken_over& message, moment now) {
  now_ = now;
  auto* lane = find(message.pipeline);
  if (lane == nullptr)
    return;
  if (!message.message.decisions.empty()) {
    lane->window->follow_others();
    const auto differing = lane->cache->take_chunk(
        message.message.decisions, [this](auto print) { return config_.is_mine(print); });
    if (!differing)
      log::warn({{"pipeline", lane->info.name}}, "decisions of another node cannot be read: {}",
                differing.error().message);
    else if (*differing > 0)
      metrics::double_decisions.with({{"pipeline", lane->info.name}})
          .Increment(static_cast<double>(*differing));
  }
  if (message.message.last_of_ring != 0)
    lane->handed_all[message.source] = message.message.last_of_ring;
  if (ring_ && message.message.last_of_ring == ring_->ring)
    lane->deciders.erase(message.source);
  lane->window->hold_late(!lane->deciders.empty());
}

// What others decided is remembered over a restart too, as what was decided here.
void shard::keep_taken_over(lane& lane) {
  if (ring_ && !lane.leaving && lane.cache->has_news())
    send(lane, {}, 0, 0, std::make_shared<decided>());
}

void shard::keep_taken_over() {
  for (auto& lane : lanes_)
    keep_taken_over(lane);
}

bool shard::kept() const {
  return std::none_of(lanes_.begin(), lanes_.end(), [](const lane& each) {
    return !each.leaving && (each.cache->has_news() || !each.in_flight.empty());
  });
}

std::size_t shard::awaited() const {
  std::size_t most = 0;
  for (const auto& lane : lanes_)
    most = std::max(most, lane.deciders.size());
  return watermark_.awaited() + most;
}

} // namespace weir::stages
