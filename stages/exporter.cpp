#include "stages/exporter.hpp"

#include "backends/finished_ranges.hpp"
#include "core/log.hpp"
#include "stages/exporter_records.hpp"

#include <algorithm>
#include <random>

namespace weir::stages {

namespace {

// An exporter that keeps up looks at the log this often at most: a busy log then costs a few large
// requests, not a hand-over between threads for each block.
constexpr steady_ns look_interval = 50 * millisecond_ns;

// So many letters are written without waiting for the tick.
constexpr std::size_t letters_at_hand = 16;

backends::delivery::options options_of(const exporter_plan& plan) {
  backends::delivery::options options;
  options.retry = plan.config.retry;
  options.drain = plan.config.drain;
  options.num_consumers = plan.config.queue.enabled ? plan.config.queue.num_consumers : 1;
  if (plan.config.batch)
    options.batch = *plan.config.batch;
  else if (plan.batch)
    options.batch = *plan.batch;
  return options;
}

} // namespace

exporter::exporter(exporter_plan plan, std::shared_ptr<storage::disk> disk,
                   std::shared_ptr<log_tail> tail, exporter_ports& ports, moment now)
    : plan_(std::move(plan)), disk_(std::move(disk)), tail_(std::move(tail)), ports_(ports),
      now_(now) {
  start_delivery();
  start_saying();
}

// Goes on where it was: behind the cursor, without what is finished beyond it.
void exporter::start_delivery() {
  const auto held = disk_->log(plan_.pipeline);
  const auto cursors = disk_->cursors(plan_.pipeline);
  if (!cursors)
    throw std::runtime_error(cursors.error().message);
  const auto finished = disk_->meta(finished_key(plan_.pipeline_name, plan_.config.id));
  if (!finished)
    throw std::runtime_error(finished.error().message);
  const auto& known = cursors->at(plan_.config.id);
  saved_ = {known.position, known.item};
  const bool gap = saved_.position < held.first;
  if (gap)
    saved_ = {held.first, 0};
  saved_ahead_ = backends::decode_finished(finished->value_or(""), {held.next, 0});
  sends_on_ = !backends::carried_names(plan_.config).empty();
  delivery_.emplace(options_of(plan_), saved_, saved_ahead_,
                    plan_.seed ? *plan_.seed : std::random_device{}());
  delivery_->reaches(tail_->next());
  builder_.emplace(plan_.signal);
  ledger_.emplace(*disk_, ledger_key(plan_.pipeline_name, plan_.config.id), exporter_counts);
  if (gap || disk_->recovery().salvaged || disk_->recovery().records_lost > 0)
    (*ledger_)[damage_open] = 1;
  resume_aside();
  resume_orders();
}

// While the log is looked at in intervals, its growth wakes nobody: the timer does. It wakes again
// once nothing came for an interval.
void exporter::look() {
  if (look_timer_set_ && !behind_)
    return feed(); // Of what has waited.
  delivery_->reaches(tail_->next());
  if (!delivery_->is_behind())
    wake_pending_->store(false);
  delivery_->reaches(tail_->next());
  if (!delivery_->is_behind())
    return feed();
  wake_pending_->store(true);
  feed();
  behind_ = delivery_->is_behind();
  if (behind_ || look_timer_set_)
    return; // What is in flight comes to an end, or is tried again, and leads here.
  look_timer_set_ = true;
  ports_.look_after(look_interval);
}

bool exporter::pump(moment now) {
  now_ = now;
  if (stopping_)
    return false;
  follow_trim();
  if (paused_since_)
    return false;
  const auto before = delivery_->counts();
  look();
  const auto planned = delivery_->next(now.steady, 1);
  if (!planned.empty())
    send(planned.front());
  measure(before);
  if (planned.empty())
    set_timer();
  return !planned.empty();
}

void exporter::feed() {
  while (const auto position = delivery_->next_block()) {
    const auto block = load(*position);
    if (!block) {
      if (block.error().code == errc::not_found)
        return;                        // Trimmed meanwhile: follow_trim() of the next round.
      if (is_passing(block.error())) { // The next tick tries again.
        if (log::permit("unreadable " + plan_.config.id))
          log::error({{"exporter", plan_.config.id}, {"pipeline", plan_.pipeline_name}},
                     "exporter {}: block {} cannot be read at the moment: {}", plan_.config.id,
                     *position, block.error().message);
        return;
      }
      skip_damaged(*position, block.error());
      delivery_->available({.position = *position}, now_.steady);
    } else {
      const auto& header = block->header;
      delivery_->available(
          {*position, header.items, backends::estimated_bytes(header), header.first_time},
          now_.steady);
    }
  }
}

// The quota may have dropped blocks that were still owed (overflow: drop_oldest).
void exporter::follow_trim() {
  const auto first = disk_->log(plan_.pipeline).first;
  if (first <= delivery_->cursor().position)
    return;
  const auto before = delivery_->counts();
  if (delivery_->unread_before(first) && (*ledger_)[damage_open] == 0)
    (*ledger_)[damage_open] = went_unread;
  delivery_->forget_before(first);
  measure(before);
}

void exporter::finished(const delivery_report& report, moment now) {
  now_ = now;
  const auto before = delivery_->counts();
  if (!finish_by_item(report))
    delivery_->finished(report.request, report.outcome, now.steady);
  say(health_->answered(report.outcome, delivery_->is_down(), now.steady, now.wall,
                        [this] { return backlog(); }));
  measure(before);
  if (stopping_)
    return stop_when_idle();
  if (delivery_->letters() >= letters_at_hand)
    save();
  else
    save_when_due();
}

void exporter::measure(const backends::delivery::totals& before) {
  const auto& now = delivery_->counts();
  sent_->Increment(static_cast<double>(now.delivered - before.delivered));
  failed_->Increment(static_cast<double>(now.dead - before.dead));
  in_flight_->Set(static_cast<double>(delivery_->in_flight()));
}

void exporter::set_timer() {
  const auto wakeup = delivery_->next_wakeup();
  const auto now = now_.steady;
  if (!wakeup || (timer_at_ > now && timer_at_ <= *wakeup))
    return;
  timer_at_ = std::max(*wakeup, now + millisecond_ns);
  ports_.pump_after(timer_at_ - now);
}

void exporter::tick(moment now) {
  now_ = now;
  show_status();
  settle_damage();
  save();
}

} // namespace weir::stages
