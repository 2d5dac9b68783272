#include "actors/router.hpp"

#include "actors/last_words.hpp"
#include "core/log.hpp"
#include "core/metrics.hpp"

#include <algorithm>

namespace weir::actors {

namespace {

constexpr auto tick_interval = std::chrono::milliseconds(200);

// A head entry is moved when fewer than one in this many positions behind it is still open.
constexpr std::uint64_t stuck_ratio = 8;

// Entries moved in one commit.
constexpr std::size_t moves_at_once = 16;

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
  settling_ = cluster::settling(config_.journal.next);
  read_from_ = trimmed_ = config_.journal.first;
  read_until_ = config_.journal.next;
  for (const auto& each : config_.pipelines)
    owed_.push_back({each, false, false, std::nullopt, {}});
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

// What was received before and waits goes first: nothing overtakes it.
void router_state::stored(const entry_ptr& entry) {
  settling_.add({entry->header.id, entry->header.pipeline, entry->position, entry->received,
                 entry->header.unpacked_bytes, entry->settled, false});
  const auto* next = settling_.next_unsent(passed_over_);
  const bool first = next != nullptr && next->id == entry->header.id;
  if (entry->handed_bytes > 0 && first && may_send() && in_flight_ < config_.credit) {
    config_.handed->give(entry->handed_bytes);
    send(entry);
    return;
  }
  if (entry->handed_bytes > 0)
    waiting_.push_back(entry);
  if (may_send())
    go_on();
}

void router_state::send(entry_ptr entry) {
  settling_.mark_sent(entry->header.id);
  in_flight_ += entry->unpacked.size() * config_.samplers.size();
  for (const auto& sampler : config_.samplers)
    self_->send(sampler, entry);
}

// The journal is scanned in large steps, what waits goes on as soon as there is any credit.
void router_state::taken(std::uint64_t bytes) {
  in_flight_ -= std::min(in_flight_, bytes);
  if (may_send() || in_flight_ < config_.credit / 2)
    go_on();
}

void router_state::settled(const settled_report& report) {
  for (const auto& [entry, slots] : report.entries)
    settling_.settle(entry, slots);
}

// -- forgetting --

void router_state::tick() {
  self_->delayed_send(self_, tick_interval, tick_atom_v);
  // Until the journal is read back something unknown is unsent: the gate stays shut. Where nothing
  // is unsent, that is so until now, and said again with each tick.
  const auto oldest = may_send() ? settling_.oldest_unsent().value_or(steady_now()) : 0;
  for (const auto& sampler : config_.samplers)
    self_->send(sampler, sent_until_atom_v, static_cast<std::int64_t>(oldest));
  static auto& open = metrics::journal_open_entries.with();
  static auto& slots = metrics::journal_open_slots.with();
  static auto& unsent = metrics::router_bytes_in_flight.with();
  static auto& handed = metrics::intake_handed_bytes.with();
  handed.Set(static_cast<double>(config_.handed->used()));
  open.Set(static_cast<double>(settling_.entries()));
  slots.Set(static_cast<double>(settling_.open_slots()));
  unsent.Set(static_cast<double>(in_flight_));
  if (!recovered_)
    return;
  if (passed_over_ > 0 && steady_now() >= try_again_at_) {
    passed_over_ = 0;
    go_on();
  }
  if (!settling_.oldest_unsent())
    drop_waiting();
  trim();
  move_stuck();
}

void router_state::trim() {
  auto head = settling_.head();
  if (moving_)
    head = std::min(head, moving_->from);
  if (head > trimmed_) {
    if (const auto trimmed = store_->trim_journal(head); !trimmed) {
      if (log::permit("trim-journal"))
        log::warn("the journal cannot be trimmed: {}", trimmed.error().message);
      return;
    }
    trimmed_ = head;
  }
  for (const auto& mark : settling_.take_low_water_marks(store_->journal_gone())) {
    (void)store_->trim_progress(mark.node, mark.epoch, mark.below);
    for (const auto& p : config_.pipelines)
      self_->send(p.compressor, mark);
  }
}

void router_state::move_stuck() {
  if (moving_)
    return;
  auto work = std::make_shared<commit>();
  std::vector<entry_move> moves;
  for (const auto& entry :
       settling_.stuck(steady_now() - config_.stuck_age, stuck_ratio, moves_at_once)) {
    const auto bytes = store_->read_entry(entry.position);
    if (!bytes && lose(entry, bytes.error()))
      continue;
    if (!bytes)
      break;
    const auto to = positions_->fetch_add(1);
    work->what.put_entry(to, *bytes);
    work->what.erase_entry(entry.position);
    settling_.begin_move(entry.id, to);
    if (!moving_)
      moving_ = relocation{entry.position, 0};
    moves.emplace_back(entry.id, to);
  }
  if (!moving_)
    return;
  self_->request(writer_, caf::infinite, std::move(work))
      .then([this, moves = std::move(moves)](stored_atom) { moved(moves); });
}

// The old places stay readable until no sampler can look there any more.
void router_state::moved(const std::vector<entry_move>& moves) {
  metrics::journal_moved_entries.with().Increment(static_cast<double>(moves.size()));
  moving_->unanswered = moves.size() * config_.samplers.size();
  for (const auto& [id, to] : moves) {
    settling_.move(id, to);
    for (const auto& sampler : config_.samplers)
      self_->request(sampler, caf::infinite, moved_atom_v, id, to).then([this](moved_atom) {
        --moving_->unanswered;
        end_move();
      });
  }
  end_move(); // Without samplers nobody answers.
}

void router_state::end_move() {
  if (moving_->unanswered > 0)
    return;
  moving_.reset();
  move_stuck(); // There may be many: a pipeline that is gone.
}

router_actor::behavior_type router(router_actor::stateful_pointer<router_state> self,
                                   router_config config, std::shared_ptr<storage::store> store,
                                   position_counter positions, writer_actor writer) {
  end_process_where_it_throws(self);
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
