#include "stages/shard.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::stages {

namespace {

// What is decided and may be on its way to the disk, a pipeline and shard.
constexpr std::uint64_t max_bytes_in_flight = 16 << 20;
// Late spans are handed on as they come; from here on no more come, for want of credit.
constexpr std::uint64_t most_bytes_in_flight = 2 * max_bytes_in_flight;

// Traces decided in one go, and how much of them may be kept.
constexpr std::size_t decide_burst = 4096;
constexpr std::uint64_t decide_bytes = 2 << 20;

// Whose tick was away for so long stood still, as others see it. It decides nothing before it has
// had the time to hear whether they took it for down: the ring is another mailbox's message.
constexpr steady_ns stood_still = 2 * second_ns;
constexpr steady_ns news_pause = second_ns;

} // namespace

shard::shard(shard_config config, std::vector<shard_pipeline> pipelines,
             std::shared_ptr<const storage::disk> disk, shard_ports& ports, moment now)
    : config_(std::move(config)), disk_(std::move(disk)), ports_(ports), now_(now),
      ticked_(now.steady) {
  for (const auto origin : config_.origins)
    watermark_.expect(origin);
  for (auto& info : pipelines)
    add_lane(std::move(info));
}

sampling::window_settings shard::window_of(const shard_pipeline& info) const {
  auto settings = sampling::window_settings::from(info.config, info.memory, config_.count);
  settings.max_work_ns = config_.max_work.count();
  return settings;
}

void shard::add_lane(shard_pipeline info) {
  lane added;
  added.cache = std::make_unique<sampling::decision_cache>(info.decision_cache);
  added.window = std::make_unique<sampling::window>(window_of(info), info.policies, *added.cache);
  if (ring_)
    added.window->follow_others();
  added.assembler.record_policies(info.config.record_policy ? added.cache.get() : nullptr);
  added.gauges = shard_gauges(info.name, config_.index);
  added.info = std::move(info);
  lanes_.push_back(std::move(added));
}

shard::lane* shard::find(pipeline_id id) {
  for (auto& each : lanes_)
    if (each.info.id == id && !each.leaving)
      return &each;
  return nullptr;
}

// -- reload --

void shard::change(std::vector<shard_pipeline> pipelines, moment now) {
  now_ = now;
  for (auto& each : lanes_) {
    const auto wanted = std::find_if(pipelines.begin(), pipelines.end(), [&](const auto& p) {
      return p.id == each.info.id && !each.leaving;
    });
    if (wanted == pipelines.end()) {
      leave(each);
      continue;
    }
    replace_policies(each, *wanted);
    pipelines.erase(wanted);
  }
  std::erase_if(lanes_, [](const lane& l) { return l.leaving && l.in_flight.empty(); });
  for (auto& info : pipelines) {
    add_lane(std::move(info));
    if (ring_)
      begin_handing(lanes_.back(), *ring_, {});
  }
  give_credit();
}

void shard::replace_policies(lane& lane, const shard_pipeline& info) {
  if (lane.info.config == info.config && lane.info.memory == info.memory)
    return;
  lane.info.config = info.config;
  lane.info.memory = info.memory;
  lane.info.policies = info.policies;
  lane.assembler.record_policies(info.config.record_policy ? lane.cache.get() : nullptr);
  lane.unseen.clear();
  lane.window->replace_policies(
      info.policies, window_of(info),
      [&](sampling::entry_number number, std::string_view& bytes, otlp::span_index& index) {
        return scan(lane, number, bytes, index);
      });
  lane.gauges.policies_replaced();
}

// What is undecided stays in the journal until the pipeline is back.
void shard::leave(lane& lane) {
  if (std::exchange(lane.leaving, true))
    return;
  lane.waiting.clear();
  lane.bytes_in_flight -= std::exchange(lane.waiting_bytes, 0);
  lane.gauges.in_flight(lane.bytes_in_flight);
  lane.unseen.clear();
  lane.window->abandon();
  lane.gauges.show(*lane.window, *lane.cache, now_.steady);
}

// It was given time to end; what it did not answer for by then, nobody does any more. A lane that
// waited would hold back the credit of all pipelines. What it made durable all the same is found
// when the pipeline is back.
void shard::compressor_ended(compressor_number which) {
  std::erase_if(lanes_, [&](lane& each) {
    const bool ended = each.info.compressor == which;
    if (ended)
      each.gauges.in_flight(0);
    return ended;
  });
  give_credit();
}

void shard::take(const entry_ptr& entry, moment now) {
  now_ = now;
  owed_credit_[entry->header.id.node] += entry->unpacked.size();
  if (auto* lane = find(entry->header.pipeline))
    add_to_window(*lane, *entry);
  give_credit();
}

void shard::add_to_window(lane& lane, const durable_entry& entry) {
  wanted_.assign(entry.index.traces.size(), false);
  std::vector<slot> others;
  for (slot s = 0; s < wanted_.size(); ++s) {
    const auto print = sampling::fingerprint_of(entry.index.traces[s]);
    if (entry.settled.contains(s) || !config_.is_mine(print))
      continue;
    wanted_[s] = entry.insists || owns(lane, print);
    if (!owns(lane, print))
      others.push_back(s);
  }
  if (entry.insists)
    metrics::cluster_insisted_slots.with().Increment(static_cast<double>(others.size()));
  else if (!others.empty())
    turn_away(entry.header.id, others);
  sampling::window_entry held;
  held.id = entry.header.id;
  held.position = entry.position;
  held.packed = entry.packed;
  held.codec = entry.header.codec;
  held.unpacked_bytes = entry.header.unpacked_bytes;
  held.slots = entry.header.slots;
  held.sharers = config_.count;
  held.spilled = entry.foreign ? entry.foreign->place() : 0;
  held.can_read_back = !entry.foreign || held.spilled != 0;
  held.holds = entry.foreign;
  held.first_received = entry.header.first_received;
  held.last_received = entry.header.last_received;
  additions_.clear();
  lane.window->add(std::move(held), entry.unpacked, entry.index, wanted_,
                   std::min(entry.received, now_.steady), now_.steady, additions_);
  if (!additions_.late.traces.empty())
    hand_on(lane, additions_.late);
  if (lane.window->pressed())
    decide(lane);
}

// Credit is held back while a window is over its limit and cannot decide its way out of it, and
// while too much is on its way to the disk.
void shard::give_credit() {
  const auto blocked = [](const lane& l) {
    return l.bytes_in_flight >= most_bytes_in_flight
           || ((l.bytes_in_flight >= max_bytes_in_flight || l.held_up()) && l.window->pressed());
  };
  if (owed_credit_.empty() || std::any_of(lanes_.begin(), lanes_.end(), blocked))
    return;
  for (const auto& [origin, bytes] : std::exchange(owed_credit_, {}))
    if (!config_.broken.keep_credit)
      ports_.send_taken(origin, bytes);
}

bool shard::load(const recovered_decisions& chunks) {
  auto* lane = find(chunks.pipeline);
  if (lane == nullptr)
    return false;
  bool room = true;
  for (const auto& [number, bytes] : chunks.chunks) {
    auto& next = *lane->info.next_chunk;
    auto known = next.load();
    while (known <= number && !next.compare_exchange_weak(known, number + 1)) {
    }
    const auto loaded = lane->cache->load_chunk(
        number, bytes, [this](auto print) { return config_.is_mine(print); });
    if (!loaded && log::permit("decisions-damaged"))
      log::warn({{"pipeline", lane->info.name}},
                "remembered decisions of pipeline {} cannot be read: {}", lane->info.name,
                loaded.error().message);
    room = room && loaded.value_or(true);
  }
  return room;
}

void shard::sent_until(node_id origin, steady_ns moment, std::uint64_t ring) {
  if (!ring_ || ring_->ring == ring)
    watermark_.report(origin, moment);
}

void shard::tick(moment now) {
  now_ = now;
  if (now.steady - ticked_ > stood_still)
    decides_from_ = now.steady + news_pause;
  ticked_ = now.steady;
  for (auto& each : lanes_) {
    read_again(each);
    decide(each);
    each.gauges.show(*each.window, *each.cache, now.steady);
  }
  give_credit();
}

steady_ns shard::complete() const {
  return config_.broken.ignore_watermark ? now_.steady : watermark_.complete_until(now_.steady);
}

bool shard::may_decide() const {
  return !ring_->frozen && now_.steady >= decides_from_ && now_.steady - ticked_ <= stood_still;
}

void shard::decide(lane& lane) {
  if (ring_ && !may_decide() && !config_.broken.ignore_frozen)
    return;
  const auto complete_until = lane.deciders.empty() ? complete() : cluster::watermark::never;
  auto run = lane.gauges.begin_run();
  while (!lane.held_up() && lane.bytes_in_flight < max_bytes_in_flight) {
    sampling::decided_batch batch;
    if (lane.window->decide(now_.steady, complete_until, decide_burst, batch, decide_bytes) == 0)
      break;
    run.decided();
    hand_on(lane, batch);
  }
}

void shard::moved(const entry_id& id, journal_position position) {
  for (auto& each : lanes_)
    each.window->moved(id, position);
}

std::uint64_t shard::bytes_in_flight() const noexcept {
  std::uint64_t bytes = 0;
  for (const auto& each : lanes_)
    bytes += each.bytes_in_flight;
  return bytes;
}

} // namespace weir::stages
