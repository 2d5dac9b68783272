#include "actors/exporter.hpp"

#include "actors/last_words.hpp"
#include "backends/finished_ranges.hpp"
#include "core/log.hpp"

#include <algorithm>

#include <caf/send.hpp>
#include <random>

namespace weir::actors {

namespace {

// An exporter that keeps up looks at the log this often at most: a busy log then costs a few large
// requests, not a hand-over between threads for each block.
constexpr steady_ns look_interval = 50 * millisecond_ns;

// What waits in the mailbox (an end, answers) has its turn after so long.
constexpr steady_ns pump_budget = 20 * millisecond_ns;

// So many letters are written without waiting for the tick.
constexpr std::size_t letters_at_hand = 16;

backends::delivery::options options_of(const exporter_plan& plan) {
  backends::delivery::options options;
  options.retry = plan.config.retry;
  options.num_consumers = plan.config.queue.enabled ? plan.config.queue.num_consumers : 1;
  if (plan.config.batch)
    options.batch = *plan.config.batch;
  else if (plan.batch)
    options.batch = *plan.batch;
  return options;
}

} // namespace

void exporter_state::start(exporter_actor::pointer self, exporter_plan plan,
                           std::shared_ptr<storage::store> store, std::shared_ptr<log_tail> tail,
                           writer_actor writer, std::shared_ptr<backends::sender> sender) {
  self_ = self;
  plan_ = std::move(plan);
  store_ = std::move(store);
  tail_ = std::move(tail);
  writer_ = std::move(writer);
  sender_ = std::move(sender);

  start_delivery();
  start_saying();

  subscription_ = tail_->subscribe([pending = wake_pending_, to = caf::actor_cast<exporter_actor>(self_)] {
    if (!pending->exchange(true))
      caf::anon_send(to, wake_atom_v);
  });
  self_->delayed_send(self_, plan_.cursor_interval, tick_atom_v);
  self_->send(self_, wake_atom_v);
}

// Goes on where it was: behind the cursor, without what is finished beyond it.
void exporter_state::start_delivery() {
  const auto held = store_->log(plan_.pipeline);
  const auto cursors = store_->cursors(plan_.pipeline);
  if (!cursors)
    throw std::runtime_error(cursors.error().message);
  const auto finished = store_->meta(finished_key());
  if (!finished)
    throw std::runtime_error(finished.error().message);
  const auto& known = cursors->at(plan_.config.id);
  saved_ = {known.position, known.item};
  const bool gap = saved_.position < held.first;
  if (gap)
    saved_ = {held.first, 0};
  saved_ahead_ = backends::decode_finished(finished->value_or(""), {held.next, 0});
  sends_on_ = !backends::carried_names(plan_.config).empty();
  delivery_.emplace(options_of(plan_), saved_, saved_ahead_, std::random_device{}());
  next_block_ = delivery_->next_block();
  builder_.emplace(plan_.signal);
  ledger_.emplace(*store_, ledger_key(plan_.pipeline_name, plan_.config.id), exporter_counts);
  if (gap || store_->recovery().salvaged || store_->recovery().records_lost > 0)
    (*ledger_)[damage_open] = 1;
  resume_aside();
}

void exporter_state::on_look_timer() {
  look_timer_set_ = false;
  pump();
}

// While the log is looked at in intervals, its growth wakes nobody: the timer does. It wakes again
// once nothing came for an interval.
void exporter_state::look() {
  const auto now = steady_now();
  if (look_timer_set_ && !behind_)
    return;
  if (next_block_ == tail_->next())
    wake_pending_->store(false);
  if (next_block_ == tail_->next())
    return;
  wake_pending_->store(true);
  feed(now);
  behind_ = next_block_ < tail_->next();
  if (behind_ || look_timer_set_)
    return; // What is in flight comes to an end, or is tried again, and leads here.
  look_timer_set_ = true;
  self_->delayed_send(self_, std::chrono::nanoseconds(look_interval), look_atom_v);
}

void exporter_state::pump() {
  if (!stopping_.empty())
    return;
  gives_way_ = false;
  follow_trim();
  const auto before = delivery_->counts();
  for (const auto end = steady_now() + pump_budget; !gives_way_;) {
    look();
    const auto now = steady_now();
    const auto planned = delivery_->next(now, 1);
    if (planned.empty())
      break;
    send(planned.front());
    gives_way_ = now > end;
  }
  measure(before);
  if (gives_way_)
    self_->send(self_, wake_atom_v);
  else
    set_timer();
}

void exporter_state::feed(steady_ns now) {
  while (next_block_ < tail_->next() && delivery_->wants_blocks()) {
    const auto block = load(next_block_);
    if (!block) {
      if (block.error().code == errc::not_found)
        return; // Trimmed meanwhile: follow_trim() of the next round.
      if (is_passing(block.error())) { // The next tick tries again.
        if (log::permit("unreadable " + plan_.config.id))
          log::error({{"exporter", plan_.config.id}, {"pipeline", plan_.pipeline_name}},
                     "exporter {}: block {} cannot be read at the moment: {}", plan_.config.id,
                     next_block_, block.error().message);
        return;
      }
      skip_damaged(next_block_, block.error());
      delivery_->available({.position = next_block_}, now);
    } else {
      const auto& header = block->header;
      delivery_->available(
          {next_block_, header.items, backends::estimated_bytes(header), header.first_time}, now);
    }
    next_block_ = delivery_->next_block();
  }
}

// The quota may have dropped blocks that were still owed (overflow: drop_oldest).
void exporter_state::follow_trim() {
  const auto first = store_->log(plan_.pipeline).first;
  if (first <= delivery_->cursor().position && first <= next_block_)
    return;
  const auto before = delivery_->counts();
  delivery_->forget_before(first);
  next_block_ = std::max(next_block_, delivery_->next_block());
  measure(before);
}

void exporter_state::finished(const delivery_report& report) {
  const auto before = delivery_->counts();
  const auto now = steady_now();
  delivery_->finished(report.request, report.outcome, now);
  say(health_->answered(report.outcome, delivery_->is_down(), now, unix_now(),
                        [this] { return backlog(); }));
  measure(before);
  if (!stopping_.empty())
    return stop_when_idle();
  if (delivery_->letters() >= letters_at_hand)
    save();
  else
    save_when_due();
  pump();
}

void exporter_state::measure(const backends::delivery::totals& before) {
  const auto& now = delivery_->counts();
  sent_->Increment(static_cast<double>(now.delivered - before.delivered));
  failed_->Increment(static_cast<double>(now.dead - before.dead));
  in_flight_->Set(static_cast<double>(delivery_->in_flight()));
}

void exporter_state::set_timer() {
  const auto at = delivery_->next_wakeup();
  const auto now = steady_now();
  if (!at || (timer_at_ > now && timer_at_ <= *at))
    return;
  timer_at_ = std::max(*at, now + millisecond_ns);
  self_->delayed_send(self_, std::chrono::nanoseconds(timer_at_ - now), wake_atom_v);
}

void exporter_state::tick() {
  self_->delayed_send(self_, plan_.cursor_interval, tick_atom_v);
  show_status();
  settle_damage();
  save();
  if (stopping_.empty())
    pump();
}

exporter_actor::behavior_type exporter(exporter_actor::stateful_pointer<exporter_state> self,
                                       exporter_plan plan, std::shared_ptr<storage::store> store,
                                       std::shared_ptr<log_tail> tail, writer_actor writer,
                                       std::shared_ptr<backends::sender> sender) {
  end_process_where_it_throws(self);
  self->state.start(self, std::move(plan), std::move(store), std::move(tail), std::move(writer),
                    std::move(sender));
  return {
      [self](wake_atom) {
        self->state.stall();
        self->state.pump();
      },
      [self](look_atom) {
        self->state.stall();
        self->state.on_look_timer();
      },
      [self](const delivery_ptr& report) { self->state.finished(*report); },
      [self](tick_atom) { self->state.tick(); },
      [self](stop_atom) { return self->state.stop(); },
  };
}

} // namespace weir::actors
