#include "actors/router.hpp"

#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::actors {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(200);

// After a restart a trace waits at least this long, so that the rest of it can be read back.
constexpr steady_ns shortest_wait = 2 * second_ns;

// A head entry is moved when fewer than one in this many positions behind it is still open.
constexpr std::uint64_t stuck_ratio = 8;

// Entries read back in one go, before other messages have their turn.
constexpr int read_back_burst = 16;

} // namespace

router_state::router_state() = default;

void router_state::start(router_actor::pointer self, router_config config,
                         std::shared_ptr<storage::store> store, position_counter positions,
                         writer_actor writer) {
  self_ = self;
  config_ = std::move(config);
  store_ = std::move(store);
  positions_ = std::move(positions);
  writer_ = std::move(writer);
  const auto journal = store_->journal();
  settling_ = cluster::settling(journal.next);
  read_from_ = trimmed_ = journal.first;
  read_until_ = journal.next;
  recover_queued_ = true;
  self_->send(self_, recover_atom_v);
  self_->delayed_send(self_, tick_interval, tick_atom_v);
}

const router_pipeline* router_state::pipeline(pipeline_id id) const {
  for (const auto& p : config_.pipelines)
    if (p.id == id)
      return &p;
  return nullptr;
}

// -- live entries --

void router_state::stored(const entry_ptr& entry) {
  settling_.add({entry->header.id, entry->header.pipeline, entry->position, entry->received,
                 entry->header.unpacked_bytes, entry->settled, false});
  config_.handed->give(entry->handed_bytes);
  if (entry->handed_bytes == 0) {
    read_unsent();
    return;
  }
  // Decisions from before the start come first: a late span must follow them.
  if (records_recovered_ && in_flight_ < config_.credit)
    send(entry);
}

void router_state::send(entry_ptr entry) {
  settling_.mark_sent(entry->header.id);
  in_flight_ += entry->unpacked.size() * config_.samplers.size();
  for (const auto& sampler : config_.samplers)
    self_->send(sampler, entry);
}

void router_state::taken(std::uint64_t bytes) {
  in_flight_ -= std::min(in_flight_, bytes);
  read_unsent();
}

// What waits in the journal goes on as soon as there is credit for a good part of it.
void router_state::read_unsent() {
  if (in_flight_ < config_.credit / 2 && (!recovered_ || settling_.next_unsent())
      && !std::exchange(recover_queued_, true))
    self_->send(self_, recover_atom_v);
}

void router_state::settled(const settled_report& report) {
  for (const auto& [entry, slots] : report.entries)
    settling_.settle(entry, slots);
}

// -- reading back: after a start, and what had no credit --

void router_state::recover() {
  recover_queued_ = false;
  if (!records_recovered_) {
    const auto found = recover_records(config_.pipelines); // held: the compressors drop theirs
    for (const auto& [entry, bytes] : found->records)
      (void)progress_.load(entry, bytes);
    records_recovered_ = true;
  }
  if (!recovered_)
    read_back();
  else
    send_unsent();
}

// Before any entry: the samplers must know what was decided, the compressors what was settled.
progress_ptr router_state::recover_records(const std::vector<router_pipeline>& of) {
  auto records = std::make_shared<recovered_progress>();
  cluster::progress readable;
  const auto scanned
    = store_->scan_progress([&](const entry_id& entry, std::string_view bytes) {
        if (const auto loaded = readable.load(entry, bytes); !loaded)
          log::warn("progress of an entry cannot be read: {}", loaded.error().message);
        else
          records->records.emplace_back(entry, std::string(bytes));
        return true;
      });
  if (!scanned)
    log::error("progress cannot be read back: {}", scanned.error().message);
  for (const auto& p : of) {
    self_->send(p.compressor, progress_ptr(records));
    (void)store_->scan_decisions(p.id, [&](std::uint64_t number, std::string_view chunk) {
      auto recovered = std::make_shared<recovered_decisions>();
      recovered->pipeline = p.id;
      recovered->chunk = number;
      recovered->bytes = chunk;
      for (const auto& sampler : config_.samplers)
        self_->send(sampler, decisions_ptr(recovered));
      return true;
    });
  }
  return records;
}

// -- reload --

void router_state::change(const router_config& to) {
  auto before = std::exchange(config_.pipelines, to.pipelines);
  config_.samplers = to.samplers;
  std::vector<router_pipeline> come;
  for (const auto& p : config_.pipelines)
    if (std::none_of(before.begin(), before.end(), [&](const auto& b) { return b.id == p.id; }))
      come.push_back(p);
  for (const auto& p : before)
    if (pipeline(p.id) == nullptr && gone_warned_.insert(p.id).second)
      log::warn("the journal holds {} entries of pipeline {}, which is gone: they are kept until it "
                "is back",
                settling_.entries_of(p.id), store_->pipelines()[p.id]);
  if (come.empty())
    return;
  if (records_recovered_)
    recover_records(come);
  for (const auto& p : come) {
    gone_warned_.erase(p.id);
    settling_.resend(p.id);
  }
  go_on();
}

// The same as long as there is any credit.
void router_state::go_on() {
  if (in_flight_ < config_.credit && (!recovered_ || settling_.next_unsent())
      && !std::exchange(recover_queued_, true))
    self_->send(self_, recover_atom_v);
}

void router_state::read_back() {
  int burst = read_back_burst;
  const auto scanned = store_->scan_journal(
    read_from_, [&](journal_position position, std::string_view bytes) {
      if (position >= read_until_ || burst-- == 0 || in_flight_ >= config_.credit)
        return false;
      found_in_journal(position, bytes);
      read_from_ = position + 1;
      return true;
    });
  if (!scanned) {
    log::error("the journal cannot be read at {}: {}", read_from_, scanned.error().message);
    ++read_from_;
  }
  if (burst == read_back_burst && in_flight_ < config_.credit)
    read_from_ = read_until_; // Nothing left below the end.
  if (read_from_ >= read_until_) {
    recovered_ = true;
    progress_ = {};
    log::info("the journal is read back: {} entries, {} traces open", settling_.entries(),
              settling_.open_slots());
  }
  if (in_flight_ < config_.credit && !std::exchange(recover_queued_, true))
    self_->send(self_, recover_atom_v);
}

void router_state::found_in_journal(journal_position position, std::string_view bytes) {
  const auto entry = unpack(bytes, position);
  if (!entry)
    return;
  if (const auto* settled = progress_.find(entry->header.id))
    entry->settled = *settled;
  const auto* of = pipeline(entry->header.pipeline);
  settling_.add({entry->header.id, entry->header.pipeline, position, entry->received,
                 entry->header.unpacked_bytes, entry->settled, of == nullptr});
  if (of == nullptr) {
    metrics::counter("weir_journal_orphaned_spans").Increment(entry->header.spans);
    if (gone_warned_.insert(entry->header.pipeline).second)
      log::warn("the journal holds spans of pipeline {} which is not in the configuration any more: "
                "they are kept until it is back",
                store_->pipelines()[entry->header.pipeline]);
    return;
  }
  if (settling_.find(entry->header.id) != nullptr)
    send(entry);
}

void router_state::send_unsent() {
  for (int burst = read_back_burst; burst > 0 && in_flight_ < config_.credit; --burst) {
    const auto next = settling_.next_unsent();
    if (!next)
      return;
    auto bytes = store_->read_entry(next->position);
    auto entry = bytes ? unpack(*bytes, next->position) : nullptr;
    if (!entry) {
      if (!bytes)
        damaged(next->position, {}, bytes.error().message);
      settling_.abandon(next->id);
      continue;
    }
    entry->received = next->received;
    entry->settled = next->settled;
    send(std::move(entry));
  }
  go_on();
}

std::shared_ptr<durable_entry> router_state::unpack(std::string_view bytes,
                                                    journal_position position) {
  const auto view = codec::read_entry(bytes);
  if (!view) {
    damaged(position, bytes, view.error().message);
    return nullptr;
  }
  auto entry = std::make_shared<durable_entry>();
  entry->header = view->header;
  entry->position = position;
  const auto unpacked = packer_.unpack(view->header.codec, view->payload,
                                       view->header.unpacked_bytes, entry->unpacked);
  if (!unpacked || !otlp::index_traces(entry->unpacked, 0, entry->index)) {
    damaged(position, bytes, unpacked ? "its spans do not hold together" : unpacked.error().message);
    return nullptr;
  }
  entry->packed = shared_bytes(std::string(view->payload));
  entry->settled = cluster::slot_set(view->header.slots);
  const auto* of = pipeline(view->header.pipeline);
  const auto wait = of != nullptr ? of->decision_wait : 0;
  const auto age = static_cast<steady_ns>(unix_now()) - static_cast<steady_ns>(view->header.first_received);
  const auto left = std::clamp(wait - age, std::min(shortest_wait, wait), wait);
  entry->received = steady_now() + left - wait;
  return entry;
}

void router_state::damaged(journal_position position, std::string_view bytes,
                           const std::string& why) {
  metrics::counter("weir_journal_damaged_entries").Increment();
  log::error("journal entry {} is damaged, set aside and counted: {}", position, why);
  store_->set_aside("journal", position, bytes);
}

// -- forgetting --

void router_state::tick() {
  self_->delayed_send(self_, tick_interval, tick_atom_v);
  // Until the journal is read back something unknown is unsent: the gate stays shut.
  const auto oldest = recovered_ ? settling_.oldest_unsent().value_or(-1) : 0;
  for (const auto& sampler : config_.samplers)
    self_->send(sampler, unsent_atom_v, static_cast<std::int64_t>(oldest));
  static auto& open = metrics::gauge("weir_journal_open_entries");
  static auto& slots = metrics::gauge("weir_journal_open_slots");
  static auto& unsent = metrics::gauge("weir_router_bytes_in_flight");
  static auto& handed = metrics::gauge("weir_intake_handed_bytes");
  handed.Set(static_cast<double>(config_.handed->used()));
  open.Set(static_cast<double>(settling_.entries()));
  slots.Set(static_cast<double>(settling_.open_slots()));
  unsent.Set(static_cast<double>(in_flight_));
  if (!recovered_)
    return;
  trim();
  move_stuck();
}

void router_state::trim() {
  const auto head = settling_.head();
  if (head <= trimmed_)
    return;
  if (const auto trimmed = store_->trim_journal(head); !trimmed) {
    if (log::permit("trim-journal"))
      log::warn("the journal cannot be trimmed: {}", trimmed.error().message);
    return;
  }
  trimmed_ = head;
  for (const auto& mark : settling_.take_low_water_marks()) {
    (void)store_->trim_progress(mark.node, mark.epoch, mark.below);
    for (const auto& p : config_.pipelines)
      self_->send(p.compressor, mark);
  }
}

void router_state::move_stuck() {
  if (moving_)
    return;
  const auto entry = settling_.stuck(steady_now() - config_.stuck_age, stuck_ratio);
  if (!entry)
    return;
  const auto bytes = store_->read_entry(entry->position);
  if (!bytes) {
    damaged(entry->position, {}, bytes.error().message);
    settling_.abandon(entry->id);
    return;
  }
  const auto to = positions_->fetch_add(1);
  auto work = std::make_shared<commit>();
  work->what.put_entry(to, *bytes);
  work->what.erase_entry(entry->position);
  moving_ = true;
  self_->request(writer_, caf::infinite, std::move(work)).then([this, id = entry->id, to](stored_atom) {
    moving_ = false;
    settling_.move(id, to);
    for (const auto& sampler : config_.samplers)
      self_->send(sampler, moved_atom_v, id, to);
    metrics::counter("weir_journal_moved_entries").Increment();
  });
}

router_actor::behavior_type router(router_actor::stateful_pointer<router_state> self,
                                   router_config config, std::shared_ptr<storage::store> store,
                                   position_counter positions, writer_actor writer) {
  self->state.start(self, std::move(config), std::move(store), std::move(positions),
                    std::move(writer));
  return {
    [self](const entry_ptr& entry) {
      self->state.stall();
      self->state.stored(entry);
    },
    [self](taken_atom, std::uint64_t bytes) { self->state.taken(bytes); },
    [self](const settled_ptr& report) { self->state.settled(*report); },
    [self](recover_atom) { self->state.recover(); },
    [self](tick_atom) { self->state.tick(); },
    [self](const router_change& to) -> caf::result<changed_atom> {
      self->state.change(*to);
      return changed_atom_v;
    },
    [self](stop_atom) -> caf::result<stopped_atom> {
      self->state.tick();
      return stopped_atom_v;
    },
  };
}

} // namespace weir::actors
