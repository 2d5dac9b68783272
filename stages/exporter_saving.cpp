// What an exporter makes durable: its place, its dead letters, its counts.
#include "stages/exporter.hpp"

#include "backends/finished_ranges.hpp"
#include "codec/dead_letter.hpp"
#include "stages/exporter_records.hpp"

namespace weir::stages {

namespace {

// Dead letters that one commit takes, in bytes as estimated.
constexpr std::uint64_t letters_at_once = 8 << 20;

// Items delivered, after which the cursor is written at once.
constexpr std::uint64_t items_at_once = 16 << 10;

} // namespace

// What damage took is what is missing when all else has ended. The log may be growing at this very
// moment, so it has to look the same twice, a tick apart.
void exporter::settle_damage() {
  if ((*ledger_)[damage_open] == 0 || saving_)
    return;
  const auto next = disk_->log(plan_.pipeline).next;
  const auto cursor = delivery_->cursor();
  if (cursor.position != next || cursor.item != 0 || delivery_->in_flight() > 0 || cursor != saved_
      || !aside_.empty() || delivery_->has_letters()) {
    rest_.reset();
    return;
  }
  const auto logged = ledger_page::look(*disk_, ledger_key(plan_.pipeline_name, "log"), log_counts);
  if (!logged)
    return;
  const auto now = std::pair{next, (*logged)[appended_items]};
  if (std::exchange(rest_, now) != now)
    return;
  const bool went_for_room = (*ledger_)[damage_open] == went_unread;
  (*ledger_)[went_for_room ? lost_items : damaged_items] += now.second - exporter_ended(*ledger_);
  (*ledger_)[damage_open] = 0;
  ledger_changed_ = true;
}

// Writes letters, cursor, what is finished beyond it, and ledger in one batch; false when there was
// nothing new.
bool exporter::save() {
  if (saving_)
    return true;
  auto work = std::make_shared<commit>();
  save_letters(work->batch);
  save_aside(work->batch);
  if (!stopping_ && !paused_since_) // It goes on with the next start.
    take_letters(*work);
  save_orders(work->batch);
  work->sync = !work->batch.empty();
  const auto cursor = delivery_->cursor();
  auto ahead = delivery_->finished_ahead();
  if (work->batch.empty() && cursor == saved_ && ahead == saved_ahead_
      && !std::exchange(ledger_changed_, false))
    return false;
  const auto& totals = delivery_->counts();
  (*ledger_)[delivered_items] += totals.delivered - in_ledger_.delivered;
  (*ledger_)[rejected_items] += totals.rejected - in_ledger_.rejected;
  (*ledger_)[dead_items] += totals.dead - in_ledger_.dead;
  (*ledger_)[lost_items] += totals.forgotten - in_ledger_.forgotten;
  in_ledger_ = totals;
  ledger_->write(work->batch);
  work->batch.put_cursor(plan_.config.id, plan_.pipeline, cursor);
  if (ahead != saved_ahead_)
    work->batch.put_meta(finished_key(plan_.pipeline_name, plan_.config.id),
                         backends::encode_finished(ahead));
  saved_ = cursor;
  saved_ahead_ = std::move(ahead);
  saving_ = true;
  ports_.write(work);
  return true;
}

void exporter::written(moment now) {
  now_ = now;
  saving_ = false;
  fresh_copy_ = {};
  start_letters();
  if (stopping_)
    stop_when_idle();
  else if (delivery_->has_letters() || orders_changed_)
    save();
  else
    save_when_due();
}

// A letter whose items cannot be read at the moment stays, and those behind it: the next tick tries
// again.
void exporter::save_letters(storage::batch& batch) {
  std::uint64_t bytes = 0;
  while (const auto* letter = delivery_->first_letter()) {
    bytes += letter->bytes;
    if (!batch.empty() && bytes > letters_at_once)
      return;
    const auto message = build(*letter);
    if (!message && is_passing(message.error()))
      return;
    const codec::dead_letter_record record{
        plan_.signal,    now_.wall,      letter->items,
        plan_.config.id, letter->reason, std::string(message ? message->view() : "")};
    batch.put_dead_letter(plan_.pipeline, plan_.letters->take_place(), encode(record));
    say(health_->given_up(letter->items, letter->reason, now_.steady, now_.wall));
    delivery_->drop_letter();
  }
}

// At a fast back end, so much is delivered between two ticks that it is not to be sent twice.
void exporter::save_when_due() {
  if (delivery_->counts().delivered - in_ledger_.delivered >= items_at_once)
    save();
}

void exporter::stop(moment now) {
  now_ = now;
  stopping_ = true;
  stop_when_idle();
}

void exporter::stop_when_idle() {
  idle_ = delivery_->in_flight() == 0 && !save();
}

} // namespace weir::stages
