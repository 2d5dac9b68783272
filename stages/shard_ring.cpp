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

bool shard::owns(const lane& lane, std::uint64_t print) const {
  return !ring_ || ring_->of(lane.info.name).owner_of(codec::partition_of(print)) == disk_->node();
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
    const auto silent = lane.silent;
    await(lane, other);
    if (other)
      begin_handing(lane, former, silent);
    lane.gauges.show(*lane.window, *lane.cache, now_.steady);
  }
  give_credit();
}

// Their origins may not have seen the ring by which they are another's, and never see it: they are
// told.
void shard::drop_others(lane& lane) {
  std::map<entry_id, std::vector<slot>> dropped;
  lane.window->abandon([&](auto print) { return !owns(lane, print); },
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
    lane.silent = lane.deciders = std::move(deciders);
  else
    std::erase_if(lane.deciders, [&](node_id each) { return !deciders.contains(each); });
  lane.window->hold_late(!lane.deciders.empty());
}

// Each target has its own pace: a slow one holds up nobody else.
void shard::begin_handing(lane& lane, const cluster::ring_view& before,
                          const std::set<node_id>& silent) {
  const auto self = disk_->node();
  for (auto& each : lane.listeners)
    for (auto& target : each)
      target = lane.handing.contains(target) ? target : 0; // It has heard all.
  lane.listeners =
      cluster::listeners_of({self, before.of(lane.info.name), ring_->of(lane.info.name),
                             ring_->living, lane.listeners, silent});
  lane.handing.clear();
  ports_.send_ring(lane.info.compressor, ring_);
  std::set<node_id> targets;
  for (std::size_t p = config_.index; p < lane.listeners.size(); p += config_.count)
    if (lane.listeners[p] != cluster::listeners{})
      targets.insert(lane.listeners[p].begin(), lane.listeners[p].end());
  for (const auto target : ring_->living)
    if (target != self) {
      lane.handing[target] = targets.contains(target) ? lane.cache->end() : 0;
      hand_over(lane, target);
    }
}

// One chunk at a time: nothing gathers on the way.
void shard::hand_over(lane& lane, node_id target) {
  auto& end = lane.handing.at(target);
  std::string chunk;
  if (end != 0)
    end = lane.cache->write_some(
        end, decisions_at_once,
        [&](auto print) {
          return cluster::listens(lane.listeners[codec::partition_of(print)], target);
        },
        chunk);
  if (chunk.empty())
    lane.handing.erase(target);
  ports_.send_handed(lane.info.compressor, std::make_shared<const handed_decisions>(
                                               config_.index, ring_, target, std::move(chunk)));
}

void shard::handed(pipeline_id pipeline, const handed_decisions& message) {
  auto* lane = find(pipeline);
  if (lane != nullptr && message.ring == ring_ && lane->handing.contains(message.target))
    hand_over(*lane, message.target);
}

void shard::take_over(const taken_over& message, moment now) {
  now_ = now;
  auto* lane = find(message.pipeline);
  if (lane == nullptr)
    return;
  const auto& handed = message.message;
  if (handed.last_of_ring != 0)
    heard_all(*lane, message.source, handed.last_of_ring);
  if (handed.decisions.empty())
    return;
  lane->window->follow_others();
  const auto differing = lane->cache->take_chunk(
      handed.decisions, [this](auto print) { return config_.is_mine(print); });
  if (!differing)
    log::warn({{"pipeline", lane->info.name}}, "decisions of another node cannot be read: {}",
              differing.error().message);
  else if (*differing > 0)
    metrics::double_decisions.with({{"pipeline", lane->info.name}})
        .Increment(static_cast<double>(*differing));
  lane->taken_over.push_back({message.source, handed.ticket});
  keep_taken_over(*lane);
}

void shard::heard_all(lane& lane, node_id source, std::uint64_t ring) const {
  lane.handed_all[source] = ring;
  if (ring_ && ring == ring_->ring) {
    lane.deciders.erase(source);
    lane.silent.erase(source);
  }
  lane.window->hold_late(!lane.deciders.empty());
}

// What others decided is remembered over a restart too, as what was decided here.
void shard::keep_taken_over(lane& lane) {
  if (!lane.taken_over.empty())
    send(lane, {}, 0, 0, std::make_shared<decided>());
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
