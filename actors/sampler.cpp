#include "actors/sampler.hpp"

#include "actors/last_words.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::actors {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(100);

// What is decided and may be on its way to the disk, a pipeline and sampler.
constexpr std::uint64_t max_bytes_in_flight = 16 << 20;
// Late spans are handed on as they come; from here on no more come, for want of credit.
constexpr std::uint64_t most_bytes_in_flight = 2 * max_bytes_in_flight;

// Traces decided in one go, and how much of them may be kept.
constexpr std::size_t decide_burst = 4096;
constexpr std::uint64_t decide_bytes = 2 << 20;

constexpr std::uint64_t this_node = 1;

} // namespace

void sampler_state::start(sampler_actor::pointer self, sampler_config config,
                          std::vector<sampler_pipeline> pipelines,
                          std::shared_ptr<storage::store> store) {
  self_ = self;
  config_ = std::move(config);
  store_ = std::move(store);
  watermark_.expect(this_node);
  self_->set_down_handler([this](caf::down_msg& down) { compressor_ended(down.source); });
  for (auto& info : pipelines)
    add_lane(std::move(info));
  self_->delayed_send(self_, tick_interval, tick_atom_v);
}

sampling::window_settings sampler_state::window_of(const sampler_pipeline& info) const {
  auto settings = sampling::window_settings::from(info.config, info.memory, config_.count);
  settings.max_work_ns = config_.max_work.count();
  return settings;
}

void sampler_state::add_lane(sampler_pipeline info) {
  lane added;
  added.cache = std::make_unique<sampling::decision_cache>(info.decision_cache);
  added.window = std::make_unique<sampling::window>(
    window_of(info), info.policies,
    *added.cache);
  added.gauges = sampler_gauges(info.name, config_.index);
  self_->monitor(info.compressor);
  added.info = std::move(info);
  lanes_.push_back(std::move(added));
}

sampler_state::lane* sampler_state::find(pipeline_id id) {
  for (auto& each : lanes_)
    if (each.info.id == id && !each.leaving)
      return &each;
  return nullptr;
}

// -- reload --

void sampler_state::change(std::vector<sampler_pipeline> pipelines) {
  for (auto& each : lanes_) {
    const auto wanted
      = std::find_if(pipelines.begin(), pipelines.end(),
                     [&](const auto& p) { return p.id == each.info.id && !each.leaving; });
    if (wanted == pipelines.end()) {
      leave(each);
      continue;
    }
    replace_policies(each, *wanted);
    pipelines.erase(wanted);
  }
  std::erase_if(lanes_, [](const lane& l) { return l.leaving && l.in_flight.empty(); });
  for (auto& info : pipelines)
    add_lane(std::move(info));
  give_credit();
}

void sampler_state::replace_policies(lane& lane, const sampler_pipeline& info) {
  if (lane.info.config == info.config && lane.info.memory == info.memory)
    return;
  lane.info.config = info.config;
  lane.info.memory = info.memory;
  lane.info.policies = info.policies;
  lane.unseen.clear();
  lane.window->replace_policies(
    info.policies, window_of(info),
    [&](sampling::entry_number number, std::string_view& bytes, otlp::span_index& index) {
      return scan(lane, number, bytes, index);
    });
  lane.gauges.policies_replaced();
}

// What is undecided stays in the journal until the pipeline is back.
void sampler_state::leave(lane& lane) {
  if (std::exchange(lane.leaving, true))
    return;
  lane.waiting.clear();
  lane.bytes_in_flight -= std::exchange(lane.waiting_bytes, 0);
  lane.gauges.in_flight(lane.bytes_in_flight);
  lane.unseen.clear();
  lane.window->abandon();
  lane.gauges.show(*lane.window, *lane.cache, steady_now());
}

// It was given time to end; what it did not answer for by then, nobody does any more. A lane that
// waited would hold back the credit of all pipelines. What it made durable all the same is found
// when the pipeline is back.
void sampler_state::compressor_ended(const caf::actor_addr& which) {
  std::erase_if(lanes_, [&](lane& each) {
    const bool ended = caf::actor_cast<caf::actor_addr>(each.info.compressor) == which;
    if (ended)
      each.gauges.in_flight(0);
    return ended;
  });
  give_credit();
}

void sampler_state::take(const entry_ptr& entry) {
  origin_ = caf::actor_cast<router_actor>(self_->current_sender());
  owed_credit_ += entry->unpacked.size();
  auto* of = find(entry->header.pipeline);
  if (of != nullptr) {
    wanted_.assign(entry->index.traces.size(), false);
    for (slot s = 0; s < wanted_.size(); ++s)
      wanted_[s] = !entry->settled.contains(s)
                   && sampling::fingerprint_of(entry->index.traces[s]) % partition_count
                          % config_.count
                        == config_.index;
    sampling::window_entry held;
    held.id = entry->header.id;
    held.position = entry->position;
    held.packed = entry->packed;
    held.codec = entry->header.codec;
    held.unpacked_bytes = entry->header.unpacked_bytes;
    held.slots = entry->header.slots;
    held.sharers = config_.count;
    held.first_received = entry->header.first_received;
    held.last_received = entry->header.last_received;
    additions_.clear();
    const auto now = steady_now();
    of->window->add(std::move(held), entry->unpacked, entry->index, wanted_,
                    std::min(entry->received, now), now, additions_);
    if (!additions_.late.traces.empty())
      hand_on(*of, additions_.late);
    if (of->window->pressed())
      decide(*of);
  }
  give_credit();
}

// Credit is held back while a window is over its limit and cannot decide its way out of it, and while too
// much is on its way to the disk.
void sampler_state::give_credit() {
  const auto blocked = [](const lane& l) {
    return l.bytes_in_flight >= most_bytes_in_flight
           || ((l.bytes_in_flight >= max_bytes_in_flight || l.held_up()) && l.window->pressed());
  };
  if (owed_credit_ == 0 || !origin_ || std::any_of(lanes_.begin(), lanes_.end(), blocked))
    return;
  self_->send(origin_, taken_atom_v, std::exchange(owed_credit_, 0));
}

bool sampler_state::load(const recovered_decisions& chunks) {
  auto* lane = find(chunks.pipeline);
  if (lane == nullptr)
    return false;
  bool room = true;
  for (const auto& [number, bytes] : chunks.chunks) {
    auto& next = *lane->info.next_chunk;
    auto known = next.load();
    while (known <= number && !next.compare_exchange_weak(known, number + 1)) {
    }
    const auto loaded = lane->cache->load_chunk(number, bytes, [this](auto print) {
      return print % partition_count % config_.count == config_.index;
    });
    if (!loaded && log::permit("decisions-damaged"))
      log::warn({{"pipeline", lane->info.name}}, "remembered decisions of pipeline {} cannot be read: {}", lane->info.name,
                loaded.error().message);
    room = room && loaded.value_or(true);
  }
  return room;
}

void sampler_state::sent_until(steady_ns moment) {
  watermark_.report(this_node, moment);
}

void sampler_state::tick() {
  self_->delayed_send(self_, tick_interval, tick_atom_v);
  for (auto& each : lanes_) {
    read_again(each);
    decide(each);
    const auto now = steady_now();
    each.gauges.show(*each.window, *each.cache, now);
  }
  give_credit();
}

void sampler_state::decide(lane& lane) {
  const auto now = steady_now();
  const auto complete_until = watermark_.complete_until(now);
  bool any = false;
  while (!lane.held_up() && lane.bytes_in_flight < max_bytes_in_flight) {
    sampling::decided_batch batch;
    if (lane.window->decide(now, complete_until, decide_burst, batch, decide_bytes) == 0)
      break;
    any = true;
    hand_on(lane, batch);
  }
  if (any)
    lane.gauges.decided(steady_now() - now);
}

void sampler_state::moved(const entry_id& id, journal_position to) {
  for (auto& each : lanes_)
    each.window->moved(id, to);
}

sampler_actor::behavior_type sampler(sampler_actor::stateful_pointer<sampler_state> self,
                                     sampler_config config, std::vector<sampler_pipeline> pipelines,
                                     std::shared_ptr<storage::store> store) {
  end_process_where_it_throws(self);
  self->state.start(self, config, std::move(pipelines), std::move(store));
  return {
    [self](const entry_ptr& entry) {
      self->state.stall();
      self->state.take(entry);
    },
    [self](const decisions_ptr& chunks) { return self->state.load(*chunks); },
    [self](sent_until_atom, std::int64_t moment) { self->state.sent_until(moment); },
    [self](durable_atom, pipeline_id pipeline, std::uint64_t ticket) {
      self->state.durable(pipeline, ticket);
    },
    [self](moved_atom, const entry_id& id, journal_position to) -> caf::result<moved_atom> {
      self->state.moved(id, to);
      return moved_atom_v;
    },
    [self](tick_atom) { self->state.tick(); },
    [self](const sampler_change& to) -> caf::result<changed_atom> {
      self->state.change(*to);
      return changed_atom_v;
    },
    // What is undecided stays in the journal; what is decided is with the compressor already.
    [](stop_atom) -> caf::result<stopped_atom> { return stopped_atom_v; },
  };
}

} // namespace weir::actors
