// What an exporter makes durable: its place, its dead letters, its counts.
#include "actors/exporter.hpp"

#include "actors/dead_letter.hpp"
#include "backends/finished_ranges.hpp"

#include <fmt/format.h>

namespace weir::actors {

namespace {

// Dead letters that one commit takes, in bytes as estimated.
constexpr std::uint64_t letters_at_once = 8 << 20;

// Items delivered, after which the cursor is written at once.
constexpr std::uint64_t items_at_once = 16 << 10;

} // namespace

// What damage took is what is missing when all else has ended. The log may be growing at this very
// moment, so it has to look the same twice, a tick apart.
void exporter_state::settle_damage() {
  if ((*ledger_)[damage_open] == 0 || saving_)
    return;
  const auto next = store_->log(plan_.pipeline).next;
  const auto at = delivery_->cursor();
  if (at.position != next || at.item != 0 || delivery_->in_flight() > 0 || at != saved_) {
    rest_.reset();
    return;
  }
  const auto logged =
      ledger_page::look(*store_, ledger_key(plan_.pipeline_name, "log"), log_counts);
  if (!logged)
    return;
  const auto now = std::pair{next, (*logged)[appended_items]};
  if (std::exchange(rest_, now) != now)
    return;
  (*ledger_)[damaged_items] += now.second - exporter_ended(*ledger_);
  (*ledger_)[damage_open] = 0;
  ledger_changed_ = true;
}

// What stands there beside an older cursor is still true: a node that knows nothing of it passes
// over it.
std::string exporter_state::finished_key() const {
  return fmt::format("finished/{}/{}", plan_.pipeline_name, plan_.config.id);
}

// Writes letters, cursor, what is finished beyond it, and ledger in one batch; false when there was nothing new.
bool exporter_state::save() {
  if (saving_)
    return true;
  auto work = std::make_shared<commit>();
  save_letters(work->what);
  save_aside(work->what);
  work->sync = !work->what.empty();
  const auto at = delivery_->cursor();
  auto ahead = delivery_->finished_ahead();
  if (work->what.empty() && at == saved_ && ahead == saved_ahead_
      && !std::exchange(ledger_changed_, false))
    return false;
  const auto& totals = delivery_->counts();
  (*ledger_)[delivered_items] += totals.delivered - in_ledger_.delivered;
  (*ledger_)[dead_items] += totals.dead - in_ledger_.dead;
  (*ledger_)[lost_items] += totals.forgotten - in_ledger_.forgotten;
  in_ledger_ = totals;
  ledger_->write(work->what);
  work->what.put_cursor(plan_.config.id, plan_.pipeline, {at.position, at.item});
  if (ahead != saved_ahead_)
    work->what.put_meta(finished_key(), backends::encode_finished(ahead));
  saved_ = at;
  saved_ahead_ = std::move(ahead);
  saving_ = true;
  self_->request(writer_, caf::infinite, std::move(work)).then([this](stored_atom) {
    saving_ = false;
    fresh_copy_ = {};
    if (!stopping_.empty())
      stop_when_idle();
    else if (delivery_->has_letters())
      save();
    else
      save_when_due();
    if (stopping_.empty())
      pump(); // Letters that waited may have held up the sending.
  });
  return true;
}

// A letter whose items cannot be read at the moment stays, and those behind it: the next tick tries
// again.
void exporter_state::save_letters(storage::batch& into) {
  std::uint64_t bytes = 0;
  while (const auto* letter = delivery_->first_letter()) {
    bytes += letter->bytes;
    if (!into.empty() && bytes > letters_at_once)
      return;
    const auto message = build(*letter);
    if (!message && is_passing(message.error()))
      return;
    const dead_letter_record record{plan_.signal,       unix_now(),
                                    letter->items,      plan_.config.id,
                                    letter->reason,     std::string(message ? message->view() : "")};
    into.put_dead_letter(plan_.pipeline, plan_.letters->fetch_add(1), encode(record));
    say(health_->given_up(letter->items, letter->reason, steady_now(), unix_now()));
    delivery_->drop_letter();
  }
}

// At a fast back end, so much is delivered between two ticks that it is not to be sent twice.
void exporter_state::save_when_due() {
  if (delivery_->counts().delivered - in_ledger_.delivered >= items_at_once)
    save();
}

caf::result<stopped_atom> exporter_state::stop() {
  auto promise = self_->make_response_promise<stopped_atom>();
  stopping_.push_back(promise);
  stop_when_idle();
  return promise;
}

void exporter_state::stop_when_idle() {
  if (delivery_->in_flight() > 0 || save())
    return;
  sender_->stop();
  for (auto& promise : stopping_)
    promise.deliver(stopped_atom_v);
}

} // namespace weir::actors
