#include "actors/sampler.hpp"

#include "actors/last_words.hpp"
#include "codec/entry.hpp"
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

template <class T>
std::uint64_t memory_of(const std::vector<T>& of) {
  return of.size() * sizeof(T);
}

std::uint64_t memory_of(const decided& what) {
  return what.kept.bytes() + memory_of(what.traces) + memory_of(what.entries) + memory_of(what.slots)
         + what.decisions.size() + sizeof(what);
}

std::uint64_t memory_of(const sampling::decided_batch& what) {
  return memory_of(what.traces) + memory_of(what.refs);
}

} // namespace

void sampler_state::start(sampler_actor::pointer self, sampler_config config,
                          std::vector<sampler_pipeline> pipelines,
                          std::shared_ptr<storage::store> store) {
  self_ = self;
  config_ = std::move(config);
  store_ = std::move(store);
  watermark_.expect(this_node);
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
  added.gauges = sampler_gauges(info.name);
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

void sampler_state::replace_policies(lane& of, const sampler_pipeline& info) {
  if (of.info.config == info.config && of.info.memory == info.memory)
    return;
  of.info.config = info.config;
  of.info.memory = info.memory;
  of.info.policies = info.policies;
  std::uint64_t unreadable = 0;
  of.window->replace_policies(
    info.policies, window_of(info),
    [&](sampling::entry_number number, std::string_view& bytes,
        otlp::span_index& index) -> result<void> {
      const auto entry = unpack(of, number);
      if (entry && otlp::index_traces(entry->bytes, 0, index)) {
        bytes = entry->bytes;
        return {};
      }
      ++unreadable;
      return fail(errc::corrupt, entry ? "its spans do not hold together" : entry.error().message);
    });
  of.gauges.policies_replaced();
  if (unreadable > 0)
    log::error("{} entries of pipeline {} could not be read again for the new policies", unreadable,
               of.info.name);
}

// What is undecided stays in the journal until the pipeline is back.
void sampler_state::leave(lane& of) {
  if (std::exchange(of.leaving, true))
    return;
  of.window->abandon();
  of.gauges.show(*of.window, *of.cache);
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
           || (l.bytes_in_flight >= max_bytes_in_flight && l.window->pressed());
  };
  if (owed_credit_ == 0 || !origin_ || std::any_of(lanes_.begin(), lanes_.end(), blocked))
    return;
  self_->send(origin_, taken_atom_v, std::exchange(owed_credit_, 0));
}

void sampler_state::load(const recovered_decisions& chunk) {
  auto* of = find(chunk.pipeline);
  if (of == nullptr)
    return;
  const auto loaded = of->cache->load_chunk(chunk.chunk, chunk.bytes, [this](auto print) {
    return print % partition_count % config_.count == config_.index;
  });
  if (!loaded && log::permit("decisions-damaged"))
    log::warn("remembered decisions of pipeline {} cannot be read: {}", of->info.name,
              loaded.error().message);
  auto& next = *of->info.next_chunk;
  auto known = next.load();
  while (known <= chunk.chunk && !next.compare_exchange_weak(known, chunk.chunk + 1)) {
  }
}

void sampler_state::sent_until(steady_ns moment) {
  watermark_.report(this_node, moment);
}

void sampler_state::tick() {
  self_->delayed_send(self_, tick_interval, tick_atom_v);
  for (auto& each : lanes_) {
    decide(each);
    each.gauges.show(*each.window, *each.cache);
  }
  give_credit();
}

void sampler_state::decide(lane& of) {
  const auto now = steady_now();
  const bool open = watermark_.open(now);
  while (of.bytes_in_flight < max_bytes_in_flight) {
    sampling::decided_batch batch;
    if (of.window->decide(now, open, decide_burst, batch, decide_bytes) == 0)
      return;
    hand_on(of, batch);
  }
}

// Sends a batch on in pieces of bounded size; each comes back as durable by its ticket.
void sampler_state::hand_on(lane& of, const sampling::decided_batch& batch) {
  const auto read = [&](sampling::entry_number number) { return unpack(of, number); };
  for (std::size_t first = 0; first < batch.traces.size();) {
    auto message = std::make_shared<decided>();
    const auto next = of.assembler.collect(batch, first, read, message->kept);
    lane::flight flight;
    for (auto i = first; i < next; ++i) {
      auto trace = batch.traces[i];
      const auto* refs = batch.refs.data() + trace.first_ref;
      trace.first_ref = static_cast<std::uint32_t>(flight.batch.refs.size());
      flight.batch.refs.insert(flight.batch.refs.end(), refs, refs + trace.refs);
      flight.batch.traces.push_back(trace);
    }
    if (!message->kept.unreadable().empty())
      of.gauges.damaged(message->kept.unreadable().size());
    message->pipeline = of.info.id;
    message->ticket = next_ticket_++;
    message->traces = flight.batch.traces;
    list_slots(of, flight.batch, *message);
    if (of.cache->has_news()) {
      message->chunk = of.info.next_chunk->fetch_add(1);
      of.cache->write_chunk(message->chunk, message->decisions);
    }
    flight.bytes = memory_of(*message) + memory_of(flight.batch);
    of.bytes_in_flight += flight.bytes;
    of.gauges.in_flight(of.bytes_in_flight);
    of.in_flight.emplace(message->ticket, std::move(flight));
    self_->send(of.info.compressor, decided_ptr(std::move(message)));
    first = next;
  }
}

void sampler_state::list_slots(lane& of, const sampling::decided_batch& batch, decided& out) {
  std::unordered_map<sampling::entry_number, std::uint32_t> numbers;
  out.slots.reserve(batch.refs.size());
  for (std::uint32_t t = 0; t < batch.traces.size(); ++t) {
    for (std::uint32_t r = 0; r < batch.traces[t].refs; ++r) {
      const auto& ref = batch.refs[batch.traces[t].first_ref + r];
      const auto [it, added]
        = numbers.try_emplace(ref.entry, static_cast<std::uint32_t>(out.entries.size()));
      if (added) {
        const auto& entry = of.window->entry(ref.entry);
        out.entries.push_back({entry.id, entry.slots});
      }
      out.slots.push_back({it->second, ref.slot, t});
    }
  }
}

result<sampling::unpacked_entry> sampler_state::unpack(lane& of, sampling::entry_number number) {
  const auto& entry = of.window->entry(number);
  auto packed = entry.packed.view();
  std::string bytes;
  if (packed.empty()) {
    auto read = store_->read_entry(entry.position);
    if (!read)
      return tl::unexpected(read.error());
    bytes = *std::move(read);
    const auto view = codec::read_entry(bytes);
    if (!view)
      return tl::unexpected(view.error());
    packed = view->payload;
    of.gauges.read_back(bytes.size());
  }
  if (auto done = packer_.unpack(entry.codec, packed, entry.unpacked_bytes, unpacked_); !done)
    return tl::unexpected(done.error());
  return sampling::unpacked_entry{unpacked_, entry.first_received, entry.last_received};
}

void sampler_state::durable(pipeline_id pipeline, std::uint64_t ticket) {
  const auto of = std::find_if(lanes_.begin(), lanes_.end(), [&](const lane& l) {
    return l.info.id == pipeline && l.in_flight.contains(ticket);
  });
  if (of == lanes_.end())
    return;
  const auto it = of->in_flight.find(ticket);
  const auto& batch = it->second.batch;
  std::unordered_map<sampling::entry_number, std::size_t> numbers;
  auto report = std::make_shared<settled_report>();
  for (const auto& ref : batch.refs) {
    const auto [at, added] = numbers.try_emplace(ref.entry, report->entries.size());
    if (added)
      report->entries.push_back({of->window->entry(ref.entry).id, {}});
    report->entries[at->second].slots.push_back(ref.slot);
  }
  self_->send(origin_, settled_ptr(std::move(report)));
  of->window->release(batch);
  of->bytes_in_flight -= it->second.bytes;
  of->gauges.in_flight(of->bytes_in_flight);
  of->in_flight.erase(it);
  if (of->leaving && of->in_flight.empty())
    lanes_.erase(of);
  else if (of->window->pressed())
    decide(*of);
  give_credit();
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
    [self](const decisions_ptr& chunk) { self->state.load(*chunk); },
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
